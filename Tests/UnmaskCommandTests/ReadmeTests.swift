import Foundation
import Testing
// What stands between the two markers is the README's example, to the letter.
// snippet
import UnmaskImage
import UnmaskModel

func embedding(of photo: String, by checkpoint: String) throws -> [Float] {
    let session = try ModelSession(Model.load(checkpoint))
    let image = try session.model.recipe.prepare(path: photo)
    return try session.embed([image])[0].values
}
// end of snippet

@Suite struct ReadmeTests {
    @Test func theLibraryExampleCompilesAndRuns() throws {
        #expect(try embedding(of: Shipped.sample, by: Shipped.autoencoder).count == 128)
    }

    @Test func theReadmeShowsThatExample() throws {
        let source = try String(contentsOfFile: #filePath, encoding: .utf8)
        let readme = try String(contentsOfFile: Shipped.root + "/README.md", encoding: .utf8)
        let snippet = try #require(
            source.components(separatedBy: "// snippet\n").dropFirst().first?.components(separatedBy: "// end").first)
        #expect(readme.contains(snippet))
    }
}
