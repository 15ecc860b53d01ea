import Foundation
import UnmaskHeads

/// What scikit-learn makes of small random features: `Tests/Oracles/heads/make_fixtures.py`.
struct ScikitLearn: Decodable {
    struct Logistic: Decodable {
        let C: Double
        let balanced: Bool?
        let scores: [[Double]]
    }

    struct Ridge: Decodable {
        let alpha: Double
        let values: [[Double]]
    }

    struct Neighbours: Decodable {
        let k: Int
        let votes: [[Double]]
    }

    struct Components: Decodable {
        let dimensions: Int?
        let whiten: Bool
        let variances: [Double]
        let share: Double
        let values: [[Double]]
    }

    struct Measures: Decodable {
        let scores: [[Double]]
        let confusion: [[Int]]
        let precision: [Double]
        let recall: [Double]
        let f1: [Double]
        let temperature: Double
        let tag_scores: [[Double]]
        let auroc: [Double]
        let average_precision: [Double]
        let r2: Double
        let mean_error: Double
    }

    /// The first so many images are fitted on.
    let train: Int
    let features: [[Float]]
    let classes: [Int]
    let tags: [[Int]]
    let values: [[Double]]
    let logistic: [Logistic]
    let tag: Logistic
    let ridge: [Ridge]
    let neighbours: [Neighbours]
    let components: [Components]
    let measures: Measures

    static let shared: ScikitLearn = {
        let path = Bundle.module.resourceURL?.appendingPathComponent("Fixtures/heads.json").path ?? ""
        guard let data = FileManager.default.contents(atPath: path),
            let fixture = try? JSONDecoder().decode(ScikitLearn.self, from: data)
        else { fatalError("\(path) cannot be read: make it with Tests/Oracles/heads/make_fixtures.py") }
        return fixture
    }()

    var width: Int { features[0].count }

    func fitted() throws -> FeatureMatrix {
        try FeatureMatrix(Array(features[..<train].joined()), width: width)
    }

    var unseen: [[Float]] { Array(features[train...]) }
}

/// The largest difference of two tables, as a share of the largest number of the second.
func relativeDifference(_ found: [[Float]], _ expected: [[Double]]) -> Double {
    var (worst, largest) = (0.0, 0.0)
    for (a, b) in zip(found.joined(), expected.joined()) {
        worst = a.isNaN ? .infinity : max(worst, abs(Double(a) - b))
        largest = max(largest, abs(b))
    }
    guard found.map(\.count) == expected.map(\.count), largest > 0 else { return .infinity }
    return worst / largest
}
