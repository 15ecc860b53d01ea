import ArgumentParser
import Logging
import UnmaskModel
import UnmaskRuntime
import UnmaskService

/// The models of `--model [NAME=]PATH`, and how a file becomes one that serves.
struct ServedModels {
    var arguments: [String]
    var isOnDemand: Bool
    var reading: ReadingOptions
    var engine: Engine
    var batch: Int
    var precision: PrecisionChoice
    var merge: MergeChoice
    /// Of models that differ.
    var precisions: [ModelPrecision]
    /// Where packed weights are kept between starts.
    var cache: WeightCache?
    var logger: Logger

    func registry() throws -> ModelRegistry {
        let (reading, engine, batch, logger) = (reading, engine, batch, logger)
        let (precision, merge, cache) = (precision, merge, cache)
        let sources = arguments.map(source)
        for stated in precisions where !sources.contains(where: { $0.name == stated.model }) {
            let names = sources.map(\.name).joined(separator: ", ")
            throw ValidationError(
                "--model-precision \(stated.model)=…: there is no such model; there are \(names)")
        }
        let choices = Dictionary(precisions.map { ($0.model, $0.precision) }, uniquingKeysWith: { _, last in last })
        return try ModelRegistry(sources) { source in
            let path = source.path
            let model = try reading.read(path)
            if let notice = model.stateDict?.notice { logger.notice("\(notice)", metadata: ["model": "\(path)"]) }
            for note in model.notes { logger.warning("\(note)", metadata: ["model": "\(path)"]) }
            let opened = try OpenedSession(
                model, engine: engine, maximumBatch: batch, precision: choices[source.name] ?? precision,
                merge: merge, cache: cache)
            if let remark = opened.remark { logger.notice("\(remark)", metadata: ["model": "\(path)"]) }
            if opened.session.readsKeptWeights {
                logger.info("packed weights from the cache", metadata: ["model": "\(path)"])
            }
            return try ModelBackend(
                opened.session,
                warmUp: WarmUp { logger.warning("\($0)", metadata: ["model": "\(path)"]) })
        }
    }

    private func source(_ argument: String) -> ModelSource {
        let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
        return parts.count == 2
            ? ModelSource(name: parts[0], path: parts[1], isOnDemand: isOnDemand)
            : ModelSource(name: Model.name(ofFile: argument), path: argument, isOnDemand: isOnDemand)
    }
}
