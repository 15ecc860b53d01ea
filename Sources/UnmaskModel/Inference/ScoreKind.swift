internal import Foundation

/// What the numbers are that a head gives for its labels.
public enum ScoreKind: String, Sendable, Codable, CaseIterable {
    /// Of classes that exclude one another: a softmax, all of them sum to 1.
    case probabilities
    /// Of labels of which any number may be true: 1 / (1 + exp(-logit)) each.
    case sigmoid
    /// The head's outputs before either of these.
    case logits
    /// The head's outputs of a regression: quantities, as they are.
    case values

    /// What one such number is called in answers.
    public var member: String {
        switch self {
        case .probabilities, .sigmoid: "probability"
        case .logits: "logit"
        case .values: "value"
        }
    }

    /// What a head gives that says nothing of it. The softmax of a single output would be 1 whatever it computes.
    static func usual(outputs: Int) -> ScoreKind { outputs == 1 ? .values : .probabilities }

    /// Those that a head with logits can answer, its own first.
    static func offered(own: ScoreKind, outputs: Int) -> [ScoreKind] {
        [own] + allCases.filter { $0 != own && ($0 != .probabilities || outputs > 1) }
    }

    /// The output of a model's graph that they are made of.
    var output: String { self == .probabilities ? ModelGraph.probabilities : ModelGraph.logits }

    /// One score of what that output says.
    package func score(_ number: Float) -> Float {
        self == .sigmoid ? Float(1 / (1 + exp(-Double(number)))) : number
    }
}
