internal import Dispatch

/// The mean cross-entropy of images by a network over their standardised tokens, and its gradient.
///
/// Images are dealt into lanes of a fixed size, in order, whose sums are added in order: the result is the same bits whatever
/// the number of threads.
struct AttentionObjective: Sendable {
    let tokens: TokenMatrix
    let standardisation: Standardisation
    let targets: Targets
    /// Of each image.
    let weights: [Float]
    let sizes: AttentionSizes

    init(
        _ tokens: TokenMatrix, _ standardisation: Standardisation, _ targets: Targets, weights: [Float], queries: Int
    ) throws(HeadError) {
        try Algebra.open()
        self.tokens = tokens
        self.standardisation = standardisation
        self.targets = targets
        self.weights = weights
        sizes = AttentionSizes(
            tokens: tokens.tokens, queries: queries, width: tokens.width, classes: targets.outputs)
    }

    private static let lane = 16

    /// - Parameter images: those that the mean is of.
    func callAsFunction(_ network: AttentionNetwork, _ images: ArraySlice<Int>) -> (
        loss: Double, gradient: AttentionNetwork
    ) {
        let total = images.reduce(Float(0)) { $0 + weights[$1] }
        let lanes = inLanes(images) { lane, images in
            lane.forward(network, images, tokens)
            let loss = lane.loss(images, targets, weights, total)
            lane.backward(network)
            return (loss, lane.gradient)
        }
        var (loss, gradient) = (0.0, AttentionNetwork(sizes))
        for lane in lanes {
            loss += lane.0
            gradient.add(lane.1)
        }
        return (loss, gradient)
    }

    /// Of each image the classes' scores, [images, C].
    func scores(_ network: AttentionNetwork, _ images: [Int]) -> [Float] {
        inLanes(images[...]) { lane, images in
            lane.forward(network, images, tokens)
            return Array(lane.scores[..<(images.count * sizes.classes)])
        }.flatMap(\.self)
    }

    /// Of each image the vector that the classifier reads, [images, D].
    func vectors(_ network: AttentionNetwork, _ images: [Int]) -> [Float] {
        inLanes(images[...]) { lane, images in
            lane.forward(network, images, tokens)
            return Array(lane.vector[..<(images.count * sizes.width)])
        }.flatMap(\.self)
    }

    private func inLanes<Result: Sendable>(
        _ images: ArraySlice<Int>, _ body: @Sendable (AttentionLane, ArraySlice<Int>) -> Result
    ) -> [Result] {
        let starts = Array(stride(from: images.startIndex, to: images.endIndex, by: Self.lane))
        var results = [Result?](repeating: nil, count: starts.count)
        results.withUnsafeMutableBufferPointer { results in
            nonisolated(unsafe) let results = results
            DispatchQueue.concurrentPerform(iterations: starts.count) { index in
                let own = images[starts[index]..<min(starts[index] + Self.lane, images.endIndex)]
                let lane = AttentionLane(sizes, images: own.count, standardisation)
                results[index] = body(lane, own)
            }
        }
        return results.compactMap(\.self)
    }
}
