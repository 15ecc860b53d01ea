import UnmaskHeads
import UnmaskModel

/// Labelled images, or images of which nothing is said, as a head learns of them: those to fit on, and those to measure with,
/// whose classes have one numbering.
struct LabelledTraining: HeadTraining {
    let kind: HeadKind
    /// Of the head's outputs.
    let labels: [String]
    let train: ImageTable
    let test: ImageTable?
    /// How an image's patch tokens lie.
    let grid: [Int]

    /// - Parameters:
    ///   - test: given apart; nil: by the list's own split, else by `share`.
    ///   - share: of the images that are held out, where nothing says which.
    ///   - names: what an IDX file's numbers are called, by number.
    init(
        kind: HeadKind, data: ImageTable, test: ImageTable?, share: Double, seed: UInt64, names: [String],
        grid: [Int], by rule: PairingRule
    ) throws {
        (self.kind, self.grid) = (kind, grid)
        var (train, measured) = (data, test)
        if test == nil, !kind.needsNoLabels {
            let split = try Split(data, share: share, seed: seed)
            (train, measured) = (data.only(split.train), split.test.isEmpty ? nil : data.only(split.test))
        }
        if kind.needsNoLabels {
            (labels, train) = ([], data)
        } else if kind == .regress {
            labels = data.valueNames
            guard !labels.isEmpty else {
                throw ModelError.invalidRequest("regress: name the quantities of the list with --value NAME")
            }
        } else {
            if kind.isExclusive,
                let bad = (train.rows + (measured?.rows ?? [])).firstIndex(where: { $0.labels.count != 1 })
            {
                throw ModelError.invalidRequest(
                    "\(data.path): image \(bad) has no label, or several: \(kind.rawValue) needs one; tag takes any number"
                )
            }
            labels = Self.classes(train, names)
            measured = try measured?.paired(with: labels, by: rule)
            train = try train.paired(with: labels, by: .names)
        }
        (self.train, self.test) = (train, measured)
    }

    /// The classes that training images have, in order; an IDX file's have the names of its numbers, where there are any.
    private static func classes(_ table: ImageTable, _ names: [String]) -> [String] {
        let own = table.ownClasses
        return table.hasNumbers && own.count <= names.count ? names : own
    }

    func fit(_ fitting: HeadFitting, _ features: FeatureRun.Result) throws -> Head {
        if kind == .anomaly {
            return try fitting.fit(
                features.tokens(), PatchGrid(rows: grid[0], columns: grid[1]), stamp: features.stamp,
                progress: Console.progress)
        }
        let lesson = try lesson(train, features.indices)
        guard kind.readsTokens, case .labels(let targets) = lesson else {
            return try fitting.fit(
                features.matrix(), lesson, labels: labels, stamp: features.stamp, progress: Console.progress)
        }
        return try fitting.fit(
            features.tokens(), targets, labels: labels, stamp: features.stamp, progress: Console.progress)
    }

    func measured(_ head: Head, _ features: FeatureRun.Result) throws -> HeadMeasurement {
        try HeadMeasurement(head, test ?? train, features)
    }

    /// What a head learns of some of a table's images.
    private func lesson(_ table: ImageTable, _ rows: [Int]) throws -> HeadFitting.Lesson {
        if kind.needsNoLabels { return .none }
        if kind == .regress {
            return .values(rows.flatMap { table.rows[$0].values }, outputs: labels.count)
        }
        let numbers = Dictionary(labels.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        let found = rows.map { table.rows[$0].labels.compactMap { numbers[$0] } }
        return .labels(
            kind.isExclusive
                ? try Targets(classes: found.map { $0.first ?? 0 }, outputs: labels.count)
                : try Targets(tags: found, outputs: labels.count))
    }

    /// Classes that are too small to be held out, and neighbours where a linear layer is much better.
    func warn(_ head: Head, _ features: FeatureRun.Result) {
        guard kind.isExclusive else { return }
        var counts: [String: Int] = [:]
        for row in features.indices { counts[train.rows[row].labels.first ?? "", default: 0] += 1 }
        let alone = labels.filter { counts[$0] == 1 }
        if !alone.isEmpty {
            Console.warning("one image each, so that none can be held out: \(alone.prefix(10).joined(separator: ", "))")
        }
        let missing = labels.filter { counts[$0] == nil }
        if !missing.isEmpty {
            Console.warning("no image, so that it is never answered: \(missing.prefix(10).joined(separator: ", "))")
        }
        func accuracy(_ name: String) -> Double? { head.fit[name].flatMap { Double($0) } }
        if kind == .knn, let own = accuracy("held_out_accuracy"), let linear = accuracy("linear_held_out_accuracy"),
            linear >= own + 0.1
        {
            Console.warning(
                "held-out images are named right by a linear layer in \(percent(linear)), by neighbours in "
                    + "\(percent(own)): fit linear")
        }
    }
}
