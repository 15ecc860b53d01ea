import UnmaskGraph
import UnmaskModel
import UnmaskRuntime

/// A model made ready in the precision, and with the merging of tokens, that a person asked for.
struct OpenedSession {
    let session: ModelSession
    /// What the person should know: what was chosen, or that it is not what was asked for.
    let remark: String?

    init(
        _ model: Model, engine: Engine, maximumBatch: Int, precision: PrecisionChoice, merge: MergeChoice = .fixed(0),
        cache: WeightCache? = nil
    ) throws {
        let (plain, arithmetic) = try Self.session(model, engine, maximumBatch, precision, cache)
        let (merging, merged) = try Self.merging(plain, merge)
        session = merging
        let remarks = [arithmetic, merged].compactMap(\.self)
        remark = remarks.isEmpty ? nil : remarks.joined(separator: "; ")
    }

    private static func session(
        _ model: Model, _ engine: Engine, _ maximumBatch: Int, _ precision: PrecisionChoice, _ cache: WeightCache?
    ) throws -> (ModelSession, remark: String?) {
        switch precision {
        case .fixed(let asked):
            let session = try ModelSession(
                model, engine: engine, maximumBatch: maximumBatch, precision: asked, cache: cache)
            return (session, Self.remark(on: session, asked))
        case .automatic:
            let found = try ModelSession.fastest(model, engine: engine, maximumBatch: maximumBatch, cache: cache)
            return (found.session, chosen("precision \(found.session.precision.rawValue)", of: found.trials))
        }
    }

    private static func remark(on session: ModelSession, _ asked: Precision) -> String? {
        let engine = session.engine.instructionSet.rawValue
        if asked == .file {
            guard session.model.statesInt8 else { return nil }
            return session.precision == .int8
                ? "int8, as the file holds its weights (--precision f32 computes with the same weights in float32)"
                : "its weights are int8; computed in float32, for this engine (\(engine)) has no faster kernels for them"
        }
        if session.precision != asked {
            return "computed in \(session.precision.rawValue), not \(asked.rawValue): this engine (\(engine)) has no "
                + "kernels for it that are faster"
        }
        return asked == .f32 && session.model.statesInt8
            ? "its weights are int8, widened to float32 here: --precision file or int8 is faster" : nil
    }

    private static func merging(
        _ session: ModelSession, _ merge: MergeChoice
    ) throws -> (ModelSession, remark: String?) {
        switch merge {
        case .fixed(0): return (session, nil)
        case .fixed(let merge): return (try session.merging(merge), nil)
        case .automatic:
            let found = try session.fastestMerge()
            return (found.session, chosen("merge \(found.session.merge)", of: found.trials))
        }
    }

    private static func chosen(_ choice: String, of trials: [some CustomStringConvertible]) -> String {
        choice + (trials.isEmpty ? "" : ", of " + trials.map(\.description).joined(separator: "; "))
    }
}
