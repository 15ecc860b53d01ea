import Foundation
import UnmaskHeads
import UnmaskImage
import UnmaskModel

/// One image on its way: prepared, or why not.
struct PreparedImage: Sendable {
    let path: String
    let image: Result<PixelImage, ImageError>

    init(path: String, recipe: Recipe) {
        self.init(path: path) { () throws(ImageError) in
            try recipe.prepare(try readImageFile(path), control: .telling(of: path))
        }
    }

    init(path: String, _ prepare: () throws(ImageError) -> PixelImage) {
        self.path = path
        do throws(ImageError) { image = .success(try prepare()) } catch { image = .failure(error) }
    }
}

/// Prepares images batch by batch, the next one while the engine works on this one, and hands results on in order.
struct ImageBatches<Item: Sendable> {
    let count: Int
    let size: Int
    private let prepare: @Sendable (Int) -> Item

    /// - Parameter prepare: called with each index below `count`, on several threads.
    init(count: Int, size: Int, prepare: @escaping @Sendable (Int) -> Item) {
        self.count = count
        self.size = size
        self.prepare = prepare
    }

    init(paths: [String], recipe: Recipe, size: Int) where Item == PreparedImage {
        self.init(count: paths.count, size: size) { PreparedImage(path: paths[$0], recipe: recipe) }
    }

    /// Calls `body` with each batch, in order.
    func forEach(_ body: ([Item]) throws -> Void) async throws {
        let chunks = stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
        guard let first = chunks.first else { return }
        var current = await prepared(first)
        let work = WorkProgress(total: count)
        for (index, chunk) in chunks.enumerated() {
            async let next = index + 1 < chunks.count ? prepared(chunks[index + 1]) : []
            try body(current)
            if count > size {
                Console.progress("\(chunk.upperBound) of \(count) images, \(work.left(done: chunk.upperBound))")
            }
            current = await next
        }
        Console.endProgress()
    }

    private func prepared(_ indices: Range<Int>) async -> [Item] {
        await withTaskGroup(of: (Int, Item).self) { group in
            for index in indices {
                group.addTask { (index, prepare(index)) }
            }
            var images = [Item?](repeating: nil, count: indices.count)
            for await (index, image) in group { images[index - indices.lowerBound] = image }
            return images.compactMap { $0 }
        }
    }
}
