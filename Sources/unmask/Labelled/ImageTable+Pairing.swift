extension ImageTable {
    /// The class numbers of these images' labels among others' classes: a head's, or other images'. Labels that are left out
    /// have none.
    ///
    /// Throws `PairingMismatch` where a label is none of them.
    func numbers(among classes: [String], by rule: PairingRule) throws -> [String: Int] {
        let pairing = try ClassPairing(labelNames, with: classes, by: rule, place: path)
        // Numbers are what an IDX file's labels are.
        if let remark = pairing.remark, !hasNumbers { Console.message("note: \(path): \(remark)") }
        return pairing.numbers
    }

    /// The same images with the names that their labels have among others' classes.
    func paired(with classes: [String], by rule: PairingRule) throws -> ImageTable {
        let numbers = try numbers(among: classes, by: rule)
        var paired = only(rows.indices.filter { rows[$0].labels.allSatisfy { numbers[$0] != nil } })
        for row in paired.rows.indices {
            paired.rows[row].labels = paired.rows[row].labels.compactMap { numbers[$0].map { classes[$0] } }
        }
        return paired
    }
}
