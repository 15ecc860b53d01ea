import ArgumentParser
import Foundation
import UnmaskModel

/// What `segment` learns of masks.
struct SegmentationOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Names of the numbers in masks, one a line from 0 on. Default: classes.txt in the folder of --data, else the \
            numbers themselves.
            """, valueName: "FILE"))
    var classes: String?

    @Option(
        help: """
            The number of mask pixels that are neither learned from nor counted. Default: 255, unless masks have 0 and 255 \
            alone, which are two classes then.
            """)
    var ignore: Int?

    @Option(help: "Numbers of a hidden layer of segment. Default: none, so that scores are linear in the tokens.")
    var hidden: Int?

    func validate() throws {
        if let ignore, !(0...255).contains(ignore) {
            throw ValidationError("--ignore \(ignore): expected 0 to 255")
        }
        if let hidden, !(1...4096).contains(hidden) { throw ValidationError("--hidden \(hidden): expected 1 to 4096") }
    }

    /// The names of that many classes.
    func names(in folder: String, count: Int) throws -> [String] {
        let usual = "\(folder)/classes.txt"
        guard let path = classes ?? (FileManager.default.fileExists(atPath: usual) ? usual : nil) else {
            return (0..<count).map(String.init)
        }
        let names = try TextFile.lines(path)
        guard names.count >= count, Set(names).count == names.count else {
            throw ModelError.invalidRequest(
                "\(path): \(names.count) names, \(Set(names).count) different ones: expected one for each number in masks, "
                    + "which go up to \(count - 1)")
        }
        return names
    }
}
