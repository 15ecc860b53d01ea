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
    var overrides: [ModelOverride]
    /// Where packed weights are kept between starts.
    var cache: WeightCache?
    var logger: Logger

    func registry() throws -> ModelRegistry {
        let (engine, batch, merge, cache, logger) = (engine, batch, merge, cache, logger)
        let sources = arguments.map(source)
        let usual = ServedModelOptions(reading: reading, precision: precision)
        let own = try options(of: sources.map(\.name), usual)
        return try ModelRegistry(sources) { source in
            let path = source.path
            let options = own[source.name] ?? usual
            let model = try options.reading.read(path)
            if let notice = model.stateDict?.notice { logger.notice("\(notice)", metadata: ["model": "\(path)"]) }
            for note in model.notes { logger.warning("\(note)", metadata: ["model": "\(path)"]) }
            let opened = try OpenedSession(
                model, engine: engine, maximumBatch: batch, precision: options.precision, merge: merge,
                cache: cache)
            if let remark = opened.remark { logger.notice("\(remark)", metadata: ["model": "\(path)"]) }
            if opened.session.readsKeptWeights {
                logger.info("packed weights from the cache", metadata: ["model": "\(path)"])
            }
            return try ModelBackend(
                opened.session,
                warmUp: WarmUp { logger.warning("\($0)", metadata: ["model": "\(path)"]) })
        }
    }

    /// Of models that differ.
    private func options(of names: [String], _ usual: ServedModelOptions) throws -> [String: ServedModelOptions] {
        var own: [String: ServedModelOptions] = [:]
        for change in overrides {
            guard names.contains(change.model) else {
                throw ValidationError(
                    "--model-option \(change.model).\(change.key.rawValue)=…: there is no such model; there are "
                        + names.joined(separator: ", "))
            }
            try own[change.model, default: usual].apply(change)
        }
        return own
    }

    private func source(_ argument: String) -> ModelSource {
        let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
        return parts.count == 2
            ? ModelSource(name: parts[0], path: parts[1], isOnDemand: isOnDemand)
            : ModelSource(name: Model.name(ofFile: argument), path: argument, isOnDemand: isOnDemand)
    }
}
