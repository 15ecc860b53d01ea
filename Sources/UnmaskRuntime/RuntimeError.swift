public import UnmaskGraph

/// Why a graph could not be prepared or run.
public enum RuntimeError: Error, Sendable, Equatable, CustomStringConvertible {
    case unknownInstructionSet(String)
    case unavailableInstructionSet(InstructionSet)
    case invalidThreadCount(Int)
    case outOfMemory(bytes: Int, purpose: String)
    case noThreads(Int)
    case unknownOutput(String, known: [String])
    case missingInput(String)
    case inputSize(name: String, shape: [Int], expectedBytes: Int, foundBytes: Int)
    case unboundDimension(value: String, shape: String)
    case impossibleShape(value: String, shape: [Int])
    /// What is planned up to this node, or the input, takes more memory than there is.
    case tooLarge(name: String, op: String, bytes: Int, limit: Int)
    /// More multiplications and additions than a pass may take.
    case tooMuchWork(name: String, op: String, limit: Int)
    case inputType(name: String, expected: ElementType, found: ElementType)
    case malformedNode(name: String, op: String, problem: String)
    case outputType(name: String, expected: ElementType, found: ElementType)
    /// A node found numbers among its operands that it has no result for.
    case evaluation(node: String, op: String, problem: String)
    /// A file that the weights are ranges of was shortened or written to since it was opened.
    case fileChanged(file: String, problem: String)
    /// The graph does not allow that tokens are merged.
    case unmergeable(String)
    case identifierOutOfRange(name: String, found: Int, limit: Int)

    init(_ damage: MappingError) {
        self = .fileChanged(file: damage.path, problem: damage.problem)
    }

    public var description: String {
        let sets = InstructionSet.allCases.map(\.rawValue).joined(separator: ", ")
        return switch self {
        case .unknownInstructionSet(let name):
            "UNMASK_ISA=\(name): no such instruction set; use one of \(sets), or unset it for the best available"
        case .unavailableInstructionSet(let set):
            "instruction set \(set.rawValue): this processor or operating system does not offer it"
                + (set == .amx ? " (AMX is \(TileRegisters.here))" : "")
                + "; the best here is \(InstructionSet.best.rawValue)"
        case .invalidThreadCount(let count):
            "\(count) threads: expected 1 to \(Engine.maximumThreads)"
        case .outOfMemory(let bytes, let purpose):
            "could not get \(bytes.formattedAsMemory) for \(purpose): choose a smaller batch or model, or allow more memory"
        case .noThreads(let count):
            "could not start \(count) threads: ask for fewer, or allow more threads or memory"
        case .unknownOutput(let name, let known):
            "the model has no output “\(name)”; it has \(known.joined(separator: ", "))"
        case .missingInput(let name):
            "the model's input “\(name)” was not given"
        case .inputSize(let name, let shape, let expected, let found):
            "input “\(name)” of shape \(shape) takes \(expected) bytes; \(found) were given"
        case .outputType(let name, let expected, let found):
            "output “\(name)” is of \(found.rawValue) numbers; \(expected.rawValue) are needed here"
        case .unboundDimension(let value, let shape):
            "“\(value)” has shape \(shape), in which a symbol has no number"
        case .impossibleShape(let value, let shape):
            "“\(value)” would have shape \(shape), which is negative or too large: choose another batch or token count"
        case .tooLarge(let name, let op, let bytes, let limit):
            "node “\(name)” (\(op)): the pass would need \(bytes / 1_048_576) MiB of memory; at most "
                + "\(limit / 1_048_576) MiB are allowed here: choose a smaller batch, image or model"
        case .tooMuchWork(let name, let op, let limit):
            "node “\(name)” (\(op)): it would take more than \(limit) operations, days or more: choose a smaller batch, "
                + "image or model"
        case .inputType(let name, let expected, let found):
            "input “\(name)” takes \(expected.rawValue) numbers; \(found.rawValue) were given"
        case .malformedNode(let name, let op, let problem), .evaluation(let name, let op, let problem):
            "node “\(name)” (\(op)): \(problem)"
        case .unmergeable(let problem): problem
        case .fileChanged(let file, let problem): "\(file): \(problem)"
        case .identifierOutOfRange(let name, let found, let limit):
            "input “\(name)” names patch \(found); patches go from 0 to \(limit - 1)"
        }
    }
}
