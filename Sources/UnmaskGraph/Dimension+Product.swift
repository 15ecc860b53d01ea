extension Dimension {
    /// The product of dimensions; nil where it is no dimension, or does not fit an Int.
    package static func product(_ dimensions: some Sequence<Dimension>) -> Dimension? {
        var product: Dimension = 1
        for dimension in dimensions {
            guard let next = product.multiplied(by: dimension) else { return nil }
            product = next
        }
        return product
    }
}
