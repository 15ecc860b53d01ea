import UnmaskImage
import UnmaskModel

/// Why an item of a command has no result.
struct ItemError: CustomStringConvertible {
    /// The protocol's error type.
    let type: String
    let message: String

    init(_ error: ImageError) {
        (type, message) = (error.type, error.message)
    }

    init(_ error: NonFiniteResult) {
        (type, message) = (error.type, error.message)
    }

    var description: String { "\(type): \(message)" }
}

/// Runs a task over images and prints a line for each, in order; remembers whether any failed.
struct ItemReport {
    private(set) var failures = 0
    private(set) var successes = 0

    /// - Parameters:
    ///   - run: results for prepared images, one for each.
    ///   - print: shows one result.
    ///   - failed: told of each failure, besides its line in the results.
    mutating func batch<R: NumericResult>(
        _ images: [PreparedImage], run: ([PixelImage]) throws -> [R], print: (String, R) throws -> Void,
        failed: (String, ItemError) throws -> Void = { _, _ in }
    ) throws {
        let good = images.compactMap { try? $0.image.get() }
        var results = (good.isEmpty ? [] : try run(good)).makeIterator()
        for item in images {
            switch item.image {
            case .success:
                guard let result = results.next() else { continue }
                if let problem = ItemReport.problem(of: result) {
                    report(item.path, problem)
                    try failed(item.path, problem)
                } else {
                    successes += 1
                    try print(item.path, result)
                }
            case .failure(let error):
                report(item.path, ItemError(error))
                try failed(item.path, ItemError(error))
            }
        }
    }

    private static func problem(of result: some NumericResult) -> ItemError? {
        do throws(NonFiniteResult) {
            try result.checkFinite()
            return nil
        } catch {
            return ItemError(error)
        }
    }

    private mutating func report(_ path: String, _ error: ItemError) {
        failures += 1
        if Console.showsTable {
            Console.message("\(path): \(error)")
        } else {
            Console.result(ItemReport.line(path, error))
        }
    }

    /// `{"path", "error": {"type", "message"}}`.
    static func line(_ path: String, _ error: ItemError) -> String {
        jsonLine { line in
            line.field("path", path)
            line.key("error")
            line.object {
                $0.field("type", error.type)
                $0.field("message", error.message)
            }
        }
    }

    /// Ends the command with exit code 1 where items failed, with 2 where all did.
    func finish() throws {
        guard failures > 0 else { return }
        throw successes > 0 ? Outcome.someFailed : Outcome.nothingDone
    }
}
