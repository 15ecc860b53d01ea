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
    var logger: Logger

    func registry() throws -> ModelRegistry {
        let (reading, engine, batch, logger) = (reading, engine, batch, logger)
        return try ModelRegistry(arguments.map(source)) { path in
            let model = try reading.read(path)
            if let notice = model.stateDict?.notice { logger.notice("\(notice)", metadata: ["model": "\(path)"]) }
            for note in model.notes { logger.warning("\(note)", metadata: ["model": "\(path)"]) }
            return try ModelBackend(
                try ModelSession(model, engine: engine, maximumBatch: batch),
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
