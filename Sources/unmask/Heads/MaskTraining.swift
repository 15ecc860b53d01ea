import Foundation
import UnmaskHeads
import UnmaskImage
import UnmaskModel

/// Images with masks as a head learns of them.
struct MaskTraining: HeadTraining {
    let train: ImageTable
    let test: ImageTable?
    let hasFailures: Bool
    private let masks: MaskSet
    private let testMasks: MaskSet?
    /// Of the masks' classes.
    private let labels: [String]
    private let numbers: MaskNumbers
    private let grid: PatchGrid
    private let recipe: Recipe

    /// - Parameters:
    ///   - test: given apart; nil: by the list's own split, else by `share`.
    ///   - share: of the images that are held out, where nothing says which.
    init(
        _ data: ImageTable, test: ImageTable?, share: Double, seed: UInt64, _ options: SegmentationOptions,
        _ source: HeadSource, _ model: Model
    ) async throws {
        var (train, measured) = (data, test)
        if test == nil {
            let split = try Split(data, share: share, seed: seed)
            (train, measured) = (data.only(split.train), split.test.isEmpty ? nil : data.only(split.test))
        }
        recipe = model.recipe
        grid = try PatchGrid(rows: model.interface.grid[0], columns: model.interface.grid[1])
        masks = try await MaskSet(train, recipe: recipe, grid: grid)
        try source.tell(masks.failed, of: train)
        var testMasks: MaskSet?
        if let measured {
            let read = try await MaskSet(measured, recipe: recipe, grid: grid)
            try source.tell(read.failed, of: measured)
            testMasks = read
        }
        self.testMasks = testMasks
        numbers = options.ignore.map(MaskNumbers.init(ignored:)) ?? MaskNumbers(usual: masks.present)
        if numbers.foreground != nil {
            Console.message(
                "note: \(data.path): masks have 0 and 255 alone, which are taken for two classes; --ignore 255 leaves out 255"
            )
        }
        labels = try options.names(in: data.path, count: numbers.count(of: masks.present))
        self.train = train.only(masks.usable)
        self.test = testMasks.map { $0.table.only($0.usable) }
        hasFailures = !masks.failed.isEmpty || !(testMasks?.failed.isEmpty ?? true)
    }

    func fit(_ fitting: HeadFitting, _ features: FeatureRun.Result) throws -> Head {
        let usable = masks.usable
        let points = try masks.labels(
            of: features.indices.map { usable[$0] }, grid: grid, classes: labels.count, by: numbers)
        return try fitting.fit(
            features.tokens(), points, labels: labels, stamp: features.stamp, facts: numbers.facts,
            progress: Console.progress)
    }

    func measured(_ head: Head, _ features: FeatureRun.Result) throws -> HeadMeasurement {
        guard let testMasks else { throw ModelError.invalidRequest("there are no masks to measure with") }
        return try HeadMeasurement(head, testMasks, features, recipe)
    }

    func warn(_ head: Head, _ features: FeatureRun.Result) {
        let present = Set(masks.present.compactMap(numbers.class))
        let missing = labels.indices.filter { !present.contains(UInt8($0)) }.map { labels[$0] }
        if !missing.isEmpty {
            Console.warning("no pixel, so that it is never answered: \(missing.prefix(10).joined(separator: ", "))")
        }
    }
}
