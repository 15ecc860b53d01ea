import UnmaskHeads
import UnmaskModel

/// Which of a set's images a head is fitted on, and which it is measured with.
struct Split {
    let train: [Int]
    let test: [Int]

    /// By the list's own word; else a share of each class, in an order that the seed decides, groups kept together.
    init(_ table: ImageTable, share: Double, seed: UInt64) throws {
        let rows = table.rows
        if rows.contains(where: { $0.split != nil }) {
            train = rows.indices.filter { rows[$0].split == "train" }
            test = rows.indices.filter { rows[$0].split == "test" }
            guard train.count + test.count == rows.count, !train.isEmpty else {
                throw ModelError.invalidRequest(
                    "\(table.path): \(rows.count - train.count - test.count) images have no split, and \(train.count) are "
                        + "train: expected train or test for each")
            }
            return
        }
        guard share > 0 else {
            (train, test) = (Array(rows.indices), [])
            return
        }
        // Groups, or images that have none, are dealt out whole, class by class of their first image.
        var members: [String: [Int]] = [:]
        for (index, row) in rows.enumerated() {
            members[row.group.map { "g" + $0 } ?? "i\(index)", default: []].append(index)
        }
        var random = SplitMix64(seed: seed)
        var order = members.values.sorted { ($0.first ?? 0) < ($1.first ?? 0) }
        order.shuffle(using: &random)
        var (held, all): ([String: Int], [String: Int]) = ([:], [:])
        for row in rows { all[row.labels.first ?? "", default: 0] += 1 }
        var isHeld = [Bool](repeating: false, count: rows.count)
        for group in order {
            let label = rows[group[0]].labels.first ?? ""
            // One at least is fitted on.
            let count = all[label] ?? 0
            let wanted = min(Int((share * Double(count)).rounded()), count - 1)
            guard held[label, default: 0] + group.count <= wanted else { continue }
            for index in group { isHeld[index] = true }
            held[label, default: 0] += group.count
        }
        train = rows.indices.filter { !isHeld[$0] }
        test = rows.indices.filter { isHeld[$0] }
    }
}
