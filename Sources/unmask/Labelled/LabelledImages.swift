import UnmaskImage
import UnmaskModel

/// Images of one class each, prepared by a recipe as they are asked for.
struct LabelledImages: Sendable {
    /// Class names, by number.
    let classes: [String]
    /// Class numbers, by image.
    let labels: [Int]
    let recipe: Recipe
    private let images: ImageCollection

    var count: Int { labels.count }

    /// - Parameters:
    ///   - path: as `ImageTable` reads it.
    ///   - classes: what the classes are to be found among; nil: they are the set's own.
    init(_ path: String, recipe: Recipe, classes: [String]?, by rule: PairingRule = .names) throws {
        self.recipe = recipe
        let table = try ImageTable(path)
        self.classes = classes ?? table.ownClasses
        let numbers = try table.numbers(among: self.classes, by: classes == nil ? .names : rule)
        var (kept, labels): ([Int], [Int]) = ([], [])
        for (index, row) in table.rows.enumerated() {
            guard let label = row.labels.first, row.labels.count == 1 else {
                throw ModelError.unreadable(
                    "\(path): \(table.images.name(index)) has \(row.labels.count) labels; expected one class each")
            }
            guard let number = numbers[label] else { continue }
            kept.append(index)
            labels.append(number)
        }
        guard !labels.isEmpty else { throw ModelError.unreadable("\(path): no image of any class in it") }
        self.labels = labels
        images = table.images.only(kept)
    }

    /// What errors and results call an image.
    func name(_ index: Int) -> String { images.name(index) }

    func prepare(_ index: Int) -> PreparedImage {
        PreparedImage(path: name(index)) { () throws(ImageError) in
            try images.load(index).prepared(recipe, named: name(index))
        }
    }

    /// All images in order, prepared while those before them are worked on.
    func batches(of size: Int) -> ImageBatches<PreparedImage> {
        ImageBatches(count: count, size: size) { prepare($0) }
    }
}
