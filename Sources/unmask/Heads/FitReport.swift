import UnmaskHeads

/// What `fit` shows.
struct FitReport {
    let file: String
    let head: Head
    let images: Int
    /// Of these, images whose vectors were there already.
    let kept: Int
    /// Of the fit, its choices included, without the vectors.
    let seconds: Double
    let measures: HeadMeasurement.Measures?

    var json: String {
        jsonLine { line in
            line.field("head", file)
            line.field("kind", head.kind.rawValue)
            line.field("images", images)
            line.field("kept_features", kept)
            line.field("fit_seconds", seconds)
            line.field("outputs", head.labels.count)
            line.field("temperature", head.calibration.temperature)
            line.field("unknown_below", orNull: head.calibration.unknownBelow)
            line.key("fit")
            line.object { object in
                for (name, value) in head.fit.sorted(by: { $0.key < $1.key }) { object.field(name, value) }
            }
            if let measures {
                line.key("test")
                line.object { measures.write(to: &$0) }
            }
        }
    }

    var text: String {
        var facts = Table(["head", file])
        facts.add(["kind", "\(head.kind.rawValue), \(head.labels.count) outputs"])
        facts.add(["images", "\(images), the vectors of \(kept) of which were there"])
        facts.add(["fitted in", "\(fixed(seconds)) s"])
        for (name, value) in head.fit.sorted(by: { $0.key < $1.key }) where name != "images" {
            facts.add([name.replacing("_", with: " "), value])
        }
        if head.calibration.temperature != 1 { facts.add(["temperature", fixed(head.calibration.temperature, 4)]) }
        if let least = head.calibration.unknownBelow { facts.add(["unknown below", fixed(least, 4)]) }
        return facts.text + (measures.map { "\n\n" + $0.text } ?? "")
    }
}
