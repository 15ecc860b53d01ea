import Foundation
import UnmaskImage
import UnmaskModel

/// One image on its way: prepared, or why not.
struct PreparedImage: Sendable {
    let path: String
    let image: Result<PixelImage, ImageError>

    init(path: String, recipe: Recipe) {
        self.path = path
        do throws(ImageError) {
            image = .success(try recipe.prepare(try readImageFile(path)))
        } catch {
            image = .failure(error)
        }
    }
}

/// Prepares images batch by batch, the next one while the engine works on this one, and hands results on in order.
struct ImageBatches {
    let paths: [String]
    let recipe: Recipe
    let size: Int

    /// Calls `body` with each batch, in order.
    func forEach(_ body: ([PreparedImage]) throws -> Void) async throws {
        let chunks = stride(from: 0, to: paths.count, by: size).map { Array(paths[$0..<min($0 + size, paths.count)]) }
        guard let first = chunks.first else { return }
        var current = await prepare(first)
        for index in chunks.indices {
            async let next = index + 1 < chunks.count ? prepare(chunks[index + 1]) : []
            try body(current)
            if paths.count > size { Console.progress("\(index * size + current.count) of \(paths.count) images") }
            current = await next
        }
        Console.endProgress()
    }

    private func prepare(_ paths: [String]) async -> [PreparedImage] {
        await withTaskGroup(of: (Int, PreparedImage).self) { group in
            for (index, path) in paths.enumerated() {
                group.addTask { (index, PreparedImage(path: path, recipe: recipe)) }
            }
            var images = [PreparedImage?](repeating: nil, count: paths.count)
            for await (index, image) in group { images[index] = image }
            return images.compactMap { $0 }
        }
    }
}
