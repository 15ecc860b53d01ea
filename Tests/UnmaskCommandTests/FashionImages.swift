import Foundation
import UnmaskWeights

/// Some of Fashion-MNIST's test images, of Debian's dataset-fashion-mnist.
enum FashionImages {
    private static let set = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz"

    /// An IDX file of them, with its labels beside it.
    static func file(_ range: Range<Int>, in folder: TemporaryFolder, _ name: String = "t") throws -> String {
        let images = try IDXFile(path: set, rank: 3)
        let labels = try IDXFile(path: set.replacing("images-idx3", with: "labels-idx1"), rank: 1)
        func header(_ sides: [Int]) -> [UInt8] {
            [0, 0, 8, UInt8(sides.count)]
                + sides.flatMap { side in (0..<4).map { UInt8(truncatingIfNeeded: side >> (24 - 8 * $0)) } }
        }
        let pixels = images.elements[range.lowerBound * 784..<range.upperBound * 784]
        try folder.write("\(name)-labels-idx1-ubyte", header([range.count]) + labels.elements[range])
        return try folder.write("\(name)-images-idx3-ubyte", header([range.count, 28, 28]) + pixels)
    }
}
