internal import Foundation

/// A network on its way: what is learned, and the optimiser's memory of it.
struct AttentionTraining {
    let objective: AttentionObjective
    private let form: any QueryForm
    /// Of the queries, as their form has it.
    private(set) var learned: [Float]
    private(set) var network: AttentionNetwork
    private var adams: (learned: Adam, value: Adam, weight: Adam, bias: Adam)

    /// - Parameters:
    ///   - learned: as the form has it.
    ///   - network: where it begins; its queries are made of `learned`.
    init(_ objective: AttentionObjective, _ form: any QueryForm, learned: [Float], from network: AttentionNetwork) {
        self.objective = objective
        self.form = form
        self.learned = learned
        self.network = network
        self.network.queries = form.queries(learned)
        adams = (
            Adam(count: learned.count), Adam(count: network.value.count), Adam(count: network.weight.count),
            Adam(count: network.bias.count)
        )
    }

    /// Random queries and values, and a classifier that knows nothing.
    init(_ objective: AttentionObjective, _ form: any QueryForm, seed: UInt64) {
        var random = NormalNumbers(seed: seed)
        var network = AttentionNetwork(objective.sizes)
        let learned = form.initial(using: &random)
        network.value = random.next(network.value.count, deviation: 1 / Double(3 * objective.sizes.width).squareRoot())
        self.init(objective, form, learned: learned, from: network)
    }

    /// One step down the gradient of the mean over these images.
    /// - Returns: their loss before it.
    @discardableResult
    mutating func step(_ images: ArraySlice<Int>, rate: Double) -> Double {
        let (loss, gradient) = objective(network, images)
        adams.learned.step(&learned, form.gradient(learned, gradient.queries), rate: rate)
        adams.value.step(&network.value, gradient.value, rate: rate)
        adams.weight.step(&network.weight, gradient.weight, rate: rate)
        adams.bias.step(&network.bias, gradient.bias, rate: rate)
        network.queries = form.queries(learned)
        return loss
    }
}

/// The rate of each step: up in a line over the first twentieth, then down as a cosine to zero.
struct RateSchedule {
    let steps: Int
    let highest: Double

    subscript(step: Int) -> Double {
        let warm = max(1, steps / 20)
        guard step >= warm else { return highest * Double(step + 1) / Double(warm) }
        return highest * 0.5 * (1 + cos(.pi * Double(step - warm) / Double(max(1, steps - warm))))
    }
}
