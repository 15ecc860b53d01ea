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

    func registry() throws -> ModelRegistry {
        let (reading, engine, batch) = (reading, engine, batch)
        return try ModelRegistry(arguments.map(source)) { path in
            try ModelBackend(
                try ModelSession(try reading.load(path), engine: engine, maximumBatch: batch),
                warmUp: WarmUp { Console.warning("\(path): \($0)") })
        }
    }

    private func source(_ argument: String) -> ModelSource {
        let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
        return parts.count == 2
            ? ModelSource(name: parts[0], path: parts[1], isOnDemand: isOnDemand)
            : ModelSource(name: Model.name(ofFile: argument), path: argument, isOnDemand: isOnDemand)
    }
}
