import Foundation

/// The models that are installed with the program, in `share/unmask` beside its folder `bin`: what `serve` serves where nobody
/// names another.
enum ShippedModels {
    /// Those that are there, the default first.
    static func paths(
        besides program: URL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    ) -> [String] {
        let folder = program.deletingLastPathComponent().appendingPathComponent("../share/unmask").standardizedFileURL
        return ["fashion-vit", "fashion-mae"]
            .map { folder.appendingPathComponent("\($0).safetensors").path }
            .filter(FileManager.default.fileExists)
    }
}
