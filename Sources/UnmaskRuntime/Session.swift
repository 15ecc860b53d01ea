internal import Synchronization
public import UnmaskGraph

/// A graph made ready to run: optimised, its weights packed, its plans kept for each combination of sizes and outputs.
///
/// Safe to share: passes take turns on the engine. Results depend neither on the batch nor on the thread count.
public final class Session: Sendable {
    public let engine: Engine
    /// The graph after the passes, for all outputs.
    public let graph: Graph
    /// The lowest that any product is computed in: float32 where the engine has nothing faster than that.
    public let precision: Precision
    /// What each pass changed.
    public let rewrites: [(pass: String, rewrites: Int)]
    private let disabledPasses: Set<String>
    private let limits: PlanLimits
    private let turn = Mutex<Void>(())
    /// Touched only under `turn`.
    private nonisolated(unsafe) let state: State

    /// Sizes and outputs that a plan was made for.
    private struct PlanKey: Hashable {
        let bindings: [String: Int]
        let outputs: [String]
        let merging: MergeTokens?

        init(_ bindings: [String: Int], _ outputs: [String], _ merging: MergeTokens?) {
            self.bindings = bindings
            self.outputs = outputs.sorted()
            self.merging = merging
        }
    }

    private final class State {
        let weights: WeightStore
        var plans: [PlanKey: Plan] = [:]
        var arena: Region?

        init(weights: WeightStore) {
            self.weights = weights
        }
    }

    /// How many plans are kept; a client that asks for ever new token counts makes old ones go.
    private static let planCapacity = 64

    /// Prepares nothing but the layout: weights are packed when the first plan needs them.
    /// - Parameters:
    ///   - disabledPasses: names of passes to leave out.
    ///   - precision: what products may be computed in, where the engine has kernels that are faster in it.
    ///   - rough: names of nodes that int8 would round too roughly.
    ///   - limits: what plans may ask for; more is refused.
    public init(
        _ graph: Graph, engine: Engine, disabledPasses: Set<String> = [], precision: Precision = .f32,
        rough: Set<String> = [], limits: PlanLimits = .machine
    ) throws(RuntimeError) {
        var optimised = graph
        var passes = standardPasses
        // A file that holds no whole numbers asks for none: nothing is measured then.
        let isPlain = precision == .file && !graph.constants.values.contains(where: \.isWhole)
        if precision != .f32, !isPlain {
            let available = engine.worthwhile
            if available.contains(.i8), precision != .bf16 { passes.insert(AbsorbGrids(), at: 0) }
            passes.append(ChooseArithmetic(precision, available: available, rough: rough))
        }
        rewrites = optimised.optimize(passes: passes, disabled: disabledPasses)
        let arithmetics = Set(optimised.nodes.map(\.arithmetic))
        self.precision = arithmetics.contains(.i8) ? .int8 : arithmetics.contains(.bf16) ? .bf16 : .f32
        // Passes compute with constants that they take away.
        if let damage = graph.constants.values.damage { throw RuntimeError(damage) }
        self.graph = optimised
        self.disabledPasses = disabledPasses
        self.engine = engine
        self.limits = limits
        state = State(weights: try WeightStore(graph: optimised, engine: engine, limits: limits))
    }

    /// Makes the plan for these sizes, packs the weights it needs and makes room for its activations, so that the
    /// first run pays for none of it. A pass with fewer images or tokens fits in the same room.
    ///
    /// The engine stays free for others' passes meanwhile.
    /// - Parameters:
    ///   - merging: how tokens are merged; nil: not.
    ///   - slices: is told of each weight that was packed.
    @discardableResult
    public func prepare(
        bindings: [String: Int], outputs: [String], merging: MergeTokens? = nil, slices: Slices? = nil
    ) throws(RuntimeError) -> Plan {
        try turn.withLock { _ throws(RuntimeError) in
            let plan = try plan(PlanKey(bindings, outputs, merging), slices)
            try makeRoom(for: plan)
            return plan
        }
    }

    /// Names of the weights packed so far in which a NaN or an infinity was found.
    public var nonfiniteWeights: [String] { turn.withLock { _ in state.weights.nonfinite } }

    /// The packed weights' room, in bytes.
    public var weightBytes: Int { turn.withLock { _ in state.weights.byteCount } }

    /// What the packed weights are made of.
    package var weightLayout: WeightLayout { turn.withLock { _ in state.weights.layout(of: graph) } }

    /// Reads all weights from a file in which an earlier session of the same layout, of tensors with the same contents, left
    /// them. Should the file be damaged meanwhile, they are packed anew, and the pass that read it is run again.
    ///
    /// - Returns: false, and nothing changes, where this program packs otherwise than the one that left them.
    package func take(_ kept: PackedWeights) throws(RuntimeError) -> Bool {
        try turn.withLock { _ throws(RuntimeError) in try state.weights.take(kept, of: graph) }
    }

    /// Whether the weights are read from a file.
    public var readsKeptWeights: Bool { turn.withLock { _ in state.weights.isKept } }

    /// Packs the weights anew, if they are read from a file.
    package func forsakeFile(because reason: String) throws(RuntimeError) {
        try turn.withLock { _ throws(RuntimeError) in try forsake(because: reason) }
    }

    private func forsake(because reason: String) throws(RuntimeError) {
        try state.weights.forsakeFile(because: reason)
        // Making a plan prepares the weights that it needs.
        state.plans.removeAll()
    }

    /// Packs what no plan has needed yet, and gives all packed weights to `body`, beside any pass.
    ///
    /// - Returns: nil where they are read from a file.
    package func withPackedWeights<R>(
        _ body: (UnsafeRawBufferPointer, _ nonfinite: [String]) -> R
    ) throws(RuntimeError) -> R? {
        let found = try turn.withLock { _ throws(RuntimeError) in
            try state.weights.prepare(for: graph, nil)
            return (region: state.weights.packed, nonfinite: state.weights.nonfinite)
        }
        return found.region.map { region in
            withExtendedLifetime(region) {
                body(UnsafeRawBufferPointer(start: region.base, count: weightBytes), found.nonfinite)
            }
        }
    }

    /// One forward pass.
    /// - Parameters:
    ///   - inputs: by name; sizes are checked, and patch numbers are checked against the patches there are.
    ///   - bindings: numbers for the graph's symbols.
    ///   - outputs: which of the graph's outputs to compute; nothing else is. They are float32.
    ///   - merging: how tokens are merged; nil: not.
    ///   - slices: nil: in one piece.
    public func run(
        _ inputs: [String: InputArray], bindings: [String: Int], outputs: [String], merging: MergeTokens? = nil,
        slices: Slices? = nil
    ) throws(RuntimeError) -> [String: OutputArray] {
        try execute(inputs, PlanKey(bindings, outputs, merging)) { (execution, plan) throws(RuntimeError) in
            try pass(plan, execution, slices)
            var results: [String: OutputArray] = [:]
            for output in plan.outputs {
                guard output.type == .f32 else {
                    throw .outputType(name: output.name, expected: .f32, found: output.type)
                }
                results[output.name] = OutputArray(shape: output.shape, values: execution.floats(of: output))
            }
            return results
        }
    }

    /// One forward pass whose outputs have any type: as tensors.
    public func runTensors(
        _ inputs: [String: InputArray], bindings: [String: Int], outputs: [String]
    ) throws(RuntimeError) -> [String: Tensor] {
        try execute(inputs, PlanKey(bindings, outputs, nil)) { (execution, plan) throws(RuntimeError) in
            try pass(plan, execution, nil)
            var results: [String: Tensor] = [:]
            for output in plan.outputs { results[output.name] = execution.tensor(of: output) }
            return results
        }
    }

    /// One forward pass, timed step by step.
    public func profile(
        _ inputs: [String: InputArray], bindings: [String: Int], outputs: [String], merging: MergeTokens? = nil
    ) throws(RuntimeError) -> [(step: Plan.Step, time: Duration)] {
        try execute(inputs, PlanKey(bindings, outputs, merging)) { (execution, plan) throws(RuntimeError) in
            try engine.pass { () throws(RuntimeError) in
                let clock = ContinuousClock()
                var times: [(step: Plan.Step, time: Duration)] = []
                for (step, instruction) in zip(plan.steps, plan.instructions) {
                    let start = clock.now
                    try execution.run(instruction)
                    times.append((step, clock.now - start))
                }
                return times
            }
        }
    }

    /// Calls `body` with all that a pass needs, the session's memory its own until it returns.
    private func execute<R: Sendable>(
        _ inputs: [String: InputArray], _ key: PlanKey, _ body: (Execution, Plan) throws(RuntimeError) -> R
    ) throws(RuntimeError) -> R {
        try turn.withLock { _ throws(RuntimeError) in
            let result = try attempt(inputs, key, body)
            guard let damage = state.weights.damage else { return try result.get() }
            // Whatever came of it, it read what is not there.
            try forsake(because: damage.description)
            return try attempt(inputs, key, body).get()
        }
    }

    private func attempt<R: Sendable>(
        _ inputs: [String: InputArray], _ key: PlanKey, _ body: (Execution, Plan) throws(RuntimeError) -> R
    ) throws(RuntimeError) -> Result<R, RuntimeError> {
        let plan = try plan(key, nil)
        var arrays: [InputArray] = []
        for input in plan.inputs { arrays.append(try Session.check(inputs[input.name], for: input)) }
        let arena = try makeRoom(for: plan)
        let weights = state.weights.base
        return Session.withPointers(arrays) { pointers in
            let execution = Execution(
                engine: engine.handle, arena: arena.base, weights: weights, inputs: pointers, numbers: plan.numbers)
            do throws(RuntimeError) { return .success(try body(execution, plan)) } catch { return .failure(error) }
        }
    }

    /// Runs a plan's instructions, and asks for the memory that its outputs take outside of the arena.
    private func pass(_ plan: Plan, _ execution: Execution, _ slices: Slices?) throws(RuntimeError) {
        var start = 0
        while start < plan.instructions.count {
            let slice = plan.slice(from: start, slices)
            try engine.pass(slices == nil ? .serving : .background) { () throws(RuntimeError) in
                for instruction in plan.instructions[slice] { try execution.run(instruction) }
            }
            start = slice.upperBound
            if start < plan.instructions.count { slices?.between() }
        }
        // Whoever asked makes as much again of them: vectors, pictures.
        try Memory.check(bytes: 2 * plan.outputs.reduce(0) { $0 + $1.byteCount }, purpose: "the outputs")
    }

    private func plan(_ key: PlanKey, _ slices: Slices?) throws(RuntimeError) -> Plan {
        if let known = state.plans[key] { return known }
        let needed = try graph(for: key.outputs, merging: key.merging, bindings: key.bindings)
        let plan = try Lowering.lower(
            needed, bindings: key.bindings, engine: engine, weights: state.weights, limits: limits)
        try state.weights.prepare(for: needed, slices)
        if state.plans.count >= Session.planCapacity { state.plans.removeAll() }
        state.plans[key] = plan
        return plan
    }

    /// The arena, made larger where the plan needs it. Where it cannot be, the session keeps the one it has.
    @discardableResult
    private func makeRoom(for plan: Plan) throws(RuntimeError) -> Region {
        if let arena = state.arena, arena.byteCount >= plan.arenaBytes { return arena }
        let arena = try Region(byteCount: plan.arenaBytes, purpose: "the activations")
        state.arena = arena
        return arena
    }

    /// How many blocks would merge tokens for these outputs. Throws `RuntimeError.unmergeable` where the graph does not
    /// allow it.
    public func blocks(
        merging: MergeTokens, bindings: [String: Int], outputs: [String]
    ) throws(RuntimeError) -> Int {
        guard var needed = graph.pruned(to: outputs) else {
            throw .unknownOutput(outputs.first ?? "", known: graph.outputs.map(\.name))
        }
        return try Session.merge(merging, in: &needed, bindings)
    }

    @discardableResult
    private static func merge(
        _ merging: MergeTokens, in graph: inout Graph, _ bindings: [String: Int]
    ) throws(RuntimeError) -> Int {
        do throws(GraphError) { return try merging.run(&graph, bindings: bindings) } catch {
            throw .unmergeable(error.description)
        }
    }

    /// What is to run for these outputs, and no more.
    func graph(
        for outputs: [String], merging: MergeTokens? = nil, bindings: [String: Int] = [:]
    ) throws(RuntimeError) -> Graph {
        guard var needed = graph.pruned(to: outputs) else {
            let known = graph.outputs.map(\.name)
            throw .unknownOutput(outputs.first { !known.contains($0) } ?? "", known: known)
        }
        if let merging { try Session.merge(merging, in: &needed, bindings) }
        needed.optimize(passes: outputPasses, disabled: disabledPasses)
        return needed
    }

    private static func check(_ array: InputArray?, for input: Plan.Input) throws(RuntimeError) -> InputArray {
        guard let array else { throw .missingInput(input.name) }
        guard array.type == input.type else {
            throw .inputType(name: input.name, expected: input.type, found: array.type)
        }
        let found = array.withBytes(\.count)
        guard found == input.byteCount else {
            throw .inputSize(name: input.name, shape: input.shape, expectedBytes: input.byteCount, foundBytes: found)
        }
        if let limit = input.identifierLimit {
            guard case .i32(let ids) = array else { throw .missingInput(input.name) }
            if let wrong = ids.first(where: { $0 < 0 || $0 >= limit }) {
                throw .identifierOutOfRange(name: input.name, found: Int(wrong), limit: limit)
            }
        }
        return array
    }

    /// Calls `body` with the addresses of all arrays at once.
    private static func withPointers<R>(
        _ arrays: [InputArray], _ found: [UnsafeRawPointer] = [], _ body: ([UnsafeRawPointer]) -> R
    ) -> R {
        guard found.count < arrays.count else { return body(found) }
        return arrays[found.count].withBytes { bytes in
            // An empty array has no address, and none of its bytes is read.
            bytes.baseAddress.map { withPointers(arrays, found + [$0], body) }
                ?? withUnsafeBytes(of: 0) { withPointers(arrays, found + [$0.baseAddress].compactMap(\.self), body) }
        }
    }
}
