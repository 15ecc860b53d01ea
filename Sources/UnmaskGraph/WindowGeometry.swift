/// A window over given spatial sizes: where padding begins and how many places the window takes, axis by axis.
public struct WindowGeometry: Sendable, Equatable {
    /// Places of the window along each axis.
    public var places: [Int]
    /// Padding before the first element and after the last one.
    public var before: [Int]
    public var after: [Int]

    init(places: [Int], before: [Int], after: [Int]) {
        self.places = places
        self.before = before
        self.after = after
    }

    /// For a convolution or pooling; nil where the window does not have a number for each axis, has one that is not
    /// positive (or a negative pad), is larger than what it moves over, or sizes overflow.
    public init?(_ window: Window, over sizes: [Int], ceiling: Bool = false) {
        guard window.isSound(over: sizes) else { return nil }
        (places, before, after) = ([], [], [])
        for (axis, size) in sizes.enumerated() {
            let stride = window.strides[axis]
            let extent = window.extent(axis)
            let same = window.automatic == .sameUpper || window.automatic == .sameLower
            if same {
                let count = (size + stride - 1) / stride
                guard let last = checkedProduct(max(count - 1, 0), stride) else { return nil }
                let total = max(last + extent - size, 0)
                places.append(count)
                before.append(window.automatic == .sameUpper ? total / 2 : total - total / 2)
                after.append(total - before[axis])
                continue
            }
            let explicit = window.automatic == .explicit
            before.append(explicit ? window.pads[axis] : 0)
            after.append(explicit ? window.pads[axis + sizes.count] : 0)
            guard let padded = checkedSum(before[axis] + after[axis], size), padded >= extent else { return nil }
            var count = (padded - extent + (ceiling ? stride - 1 : 0)) / stride + 1
            // A window that would begin in the padding behind the last element is left out.
            if ceiling, (count - 1) * stride >= size + before[axis] { count -= 1 }
            places.append(count)
        }
    }

    /// For a transposed convolution, `places` being the sizes of its result.
    public init?(
        transposing window: Window, over sizes: [Int], outputPadding: [Int], outputShape: [Int]?
    ) {
        guard window.isSound(over: sizes), outputPadding.count == sizes.count,
            outputPadding.allSatisfy({ (0...Window.limit).contains($0) }),
            outputShape?.count ?? sizes.count == sizes.count
        else { return nil }
        (places, before, after) = ([], [], [])
        for (axis, size) in sizes.enumerated() {
            guard size > 0, let last = checkedProduct(size - 1, window.strides[axis]),
                let full = checkedSum(last, window.extent(axis) + outputPadding[axis])
            else { return nil }
            let same = window.automatic == .sameUpper || window.automatic == .sameLower
            if outputShape == nil, !same {
                let explicit = window.automatic == .explicit
                before.append(explicit ? window.pads[axis] : 0)
                after.append(explicit ? window.pads[axis + sizes.count] : 0)
                places.append(full - before[axis] - after[axis])
            } else {
                guard let place = outputShape?[axis] ?? checkedProduct(size, window.strides[axis]), place >= 0,
                    let most = checkedSum(full, window.extent(axis)), place <= most
                else { return nil }
                let total = max(full - place, 0)
                places.append(place)
                before.append(window.automatic == .sameUpper ? total / 2 : total - total / 2)
                after.append(total - before[axis])
            }
            guard places[axis] >= 0 else { return nil }
        }
    }
}

extension Window {
    /// More than any real window has; products of two such numbers do not overflow.
    static let limit = 1 << 30

    /// Elements that the window spans along an axis, the gaps of its dilation included.
    public func extent(_ axis: Int) -> Int { (size[axis] - 1) * dilations[axis] + 1 }

    func isSound(over sizes: [Int]) -> Bool {
        let axes = sizes.count
        let positive = size + strides + dilations
        let taps = Tensor.byteCount(shape: size, type: .u8) ?? Int.max
        return taps <= Window.limit && sizes.allSatisfy { (0...Window.limit).contains($0) } && size.count == axes
            && strides.count == axes && dilations.count == axes && pads.count == 2 * axes
            && positive.allSatisfy { (1...Window.limit).contains($0) }
            && pads.allSatisfy { (0...Window.limit).contains($0) }
    }
}
