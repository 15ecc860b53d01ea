extension ServiceConfiguration.Limits {
    /// Refuses what would make an answer larger than a payload may be, before anything runs.
    ///
    /// - Parameter bytes: what the numbers of the answer take at most.
    func checkAnswer(bytes: Int) throws(ServiceError) {
        guard bytes <= payloadBytes else {
            throw ServiceError(
                .payloadTooLarge,
                "the answer would have up to \(bytes) bytes, allowed are \(payloadBytes): ask for fewer images, fewer "
                    + "dimensions, or \"encoding\":\"frame\"")
        }
    }
}
