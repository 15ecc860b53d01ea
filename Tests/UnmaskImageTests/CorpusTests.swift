import Foundation
import Testing
import UnmaskImage

/// Images that Debian packages carry, against digests that Pillow made.
///
/// The packages are installed, or unpacked (`dpkg-deb -x`) into a folder that `UNMASK_CORPORA` names.
@Suite("pixels equal Pillow's on Debian's corpora")
struct CorpusTests {
    struct Package: Decodable {
        let folder: String
        let files: [String: [String: String]]
    }

    static let packages = [
        "golang-1.19-src", "golang-golang-x-image-dev", "golang-github-rwcarlsen-goexif-dev",
        "golang-github-disintegration-imaging-dev", "lomiri-wallpapers-16.04",
    ]

    @Test(arguments: packages)
    func package(_ name: String) throws {
        let package = try #require(Fixtures.json("corpora.json", as: [String: Package].self)[name])
        let root = ProcessInfo.processInfo.environment["UNMASK_CORPORA"] ?? "/"
        let folder = URL(fileURLWithPath: root).appendingPathComponent(package.folder)
        try #require(
            FileManager.default.fileExists(atPath: folder.path),
            "\(folder.path) is missing: install the Debian package \(name), or unpack it and set UNMASK_CORPORA")
        var compared = 0
        var refused = 0
        for (file, expected) in package.files {
            let encoded = try readImageFile(folder.appendingPathComponent(file).path)
            try #require(digest(encoded) == expected["file"], "\(file) is not the file that the fixture was made from")
            if expected["refused"] != nil {
                #expect(throws: ImageError.self, "\(file): Pillow refuses it") { try PixelImage.decode(encoded) }
                refused += 1
            }
            for (key, digestText) in expected {
                guard let view = ViewKey(key) else { continue }
                #expect(try view.view(of: encoded).digestText == digestText, "\(file), \(key)")
                compared += 1
            }
        }
        print("\(name): \(compared) views of \(package.files.count - refused) images equal, \(refused) refused by both")
        #expect(compared > 0)
    }
}
