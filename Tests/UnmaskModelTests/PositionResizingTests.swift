import Testing

@testable import UnmaskModel

@Suite struct PositionResizingTests {
    private struct Resizes: Decodable { let resizes: [Resize] }
    private struct Resize: Decodable {
        let from, to: [Int]
        let antialias: Bool
        let source, expected: String
    }

    @Test func equalsPyTorchsInterpolate() throws {
        let folder = Fixture.root + "/positions/"
        let file: Resizes = try Fixture.json(folder + "index.json")
        #expect(file.resizes.count > 5)
        for resize in file.resizes {
            let source = try Fixture.array(folder + resize.source)
            let expected = try Fixture.array(folder + resize.expected)
            let width = try #require(source.shape.last)
            let cls = (0..<width).map(Float.init)
            let found = PositionResizing.resize(
                cls + source.values, prefix: 1, width: width, from: resize.from, to: resize.to,
                interpolation: resize.antialias ? .timm : .hf)
            #expect(Array(found[..<width]) == cls)
            let distance = Distance(Array(found[width...]), expected.values)
            #expect(distance.relative < 5e-6, "\(resize.from) to \(resize.to): \(distance)")
        }
    }
}
