import UnmaskImage
import UnmaskModel

/// Runs a task over images and prints a line for each, in order; remembers whether any failed.
struct ItemReport {
    private(set) var failures = 0

    /// - Parameters:
    ///   - run: results for prepared images, one for each.
    ///   - print: shows one result.
    ///   - failed: told of each failure, besides its line in the results.
    mutating func batch<R>(
        _ images: [PreparedImage], run: ([PixelImage]) throws -> [R], print: (String, R) throws -> Void,
        failed: (String, ImageError) throws -> Void = { _, _ in }
    ) throws {
        let good = images.compactMap { try? $0.image.get() }
        var results = (good.isEmpty ? [] : try run(good)).makeIterator()
        for item in images {
            switch item.image {
            case .success:
                guard let result = results.next() else { continue }
                try print(item.path, result)
            case .failure(let error):
                report(item.path, error)
                try failed(item.path, error)
            }
        }
    }

    private mutating func report(_ path: String, _ error: ImageError) {
        failures += 1
        if Console.showsTable {
            Console.message("\(path): \(error)")
        } else {
            Console.result(ItemReport.line(path, error))
        }
    }

    /// `{"path", "error": {"type", "message"}}`.
    static func line(_ path: String, _ error: ImageError) -> String {
        jsonLine { line in
            line.field("path", path)
            line.key("error")
            line.object {
                $0.field("type", error.type)
                $0.field("message", error.message)
            }
        }
    }

    /// Ends the command with exit code 1 where items failed.
    func finish() throws {
        if failures > 0 { throw Outcome.someFailed }
    }
}
