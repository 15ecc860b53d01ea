internal import Foundation
internal import UnmaskGraph
public import UnmaskRuntime

/// Classification by the labels of the most similar training vectors: how good features are without any training
/// (Wu et al. 2018: cosine similarity, votes weighted by exp(similarity / 0.07)).
public struct NearestNeighbours: Sendable {
    private let session: Session
    private let labels: [Int]
    private let classes: Int
    private let width: Int
    private let k: Int

    /// - Parameters:
    ///   - vectors: [n, width] row-major, each of length 1.
    ///   - labels: n class numbers below `classes`.
    public init(
        vectors: [Float], width: Int, labels: [Int], classes: Int, k: Int = 20, engine: Engine
    ) throws(RuntimeError) {
        // Similarities to all training vectors are one linear layer with these vectors as its weights.
        var graph = Graph()
        let x = graph.addInput("queries", [.symbol("n"), .fixed(width)], .f32)
        let weight = graph.addConstant("vectors", Tensor(vectors, shape: [labels.count, width]))
        let y = graph.add(
            .linear(LinearFusion()), named: "similarity", [x, weight, nil, nil, nil, nil],
            shape: [.symbol("n"), .fixed(labels.count)])
        graph.addOutput("similarity", y)
        session = try Session(graph, engine: engine)
        self.labels = labels
        self.classes = classes
        self.width = width
        self.k = min(k, labels.count)
    }

    /// The class of each query, [m, width] row-major, each of length 1.
    public func predict(_ queries: [Float]) throws(RuntimeError) -> [Int] {
        let count = queries.count / width
        let chunk = 100
        var predictions: [Int] = []
        for start in stride(from: 0, to: count, by: chunk) {
            let rows = min(chunk, count - start)
            let part = Array(queries[start * width..<(start + rows) * width])
            let answers = try session.run(["queries": .f32(part)], bindings: ["n": rows], outputs: ["similarity"])
            guard let similarity = answers["similarity"] else { continue }
            for row in 0..<rows { predictions.append(vote(similarity[row])) }
        }
        return predictions
    }

    private func vote(_ similarities: ArraySlice<Float>) -> Int {
        var best: [(similarity: Float, index: Int)] = []
        for (index, similarity) in similarities.enumerated() {
            if best.count == k, let last = best.last, similarity <= last.similarity { continue }
            let place = best.firstIndex { $0.similarity < similarity } ?? best.count
            best.insert((similarity, index), at: place)
            if best.count > k { best.removeLast() }
        }
        var votes = [Double](repeating: 0, count: classes)
        for (similarity, index) in best { votes[labels[index]] += exp(Double(similarity) / 0.07) }
        return votes.indices.max { (votes[$0], -$0) < (votes[$1], -$1) } ?? 0
    }
}
