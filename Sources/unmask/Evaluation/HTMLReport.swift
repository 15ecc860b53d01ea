import Foundation
import UnmaskHeads
import UnmaskImage
import UnmaskWeights

/// An evaluation as one HTML file that needs nothing else: shares of each class, the confusion matrix, how probable answers
/// were and how often right, and the pictures of the worst errors.
struct HTMLReport {
    let report: EvaluationReport
    let measures: ClassificationMeasures
    let predictions: [Prediction]
    /// The picture of an image of the set, as PNG; nil where it cannot be made.
    let picture: (Int) -> [UInt8]?

    private static let mostErrors = 40

    func write(to path: String) throws {
        let title = "\(report.model)\(report.head.map { " with " + $0 } ?? "")"
        let html = """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>\(Self.escaped(title))</title><style>
            body{font:15px/1.4 system-ui,sans-serif;margin:2em auto;max-width:70em;padding:0 1em;color:#222}
            table{border-collapse:collapse}td,th{padding:.2em .6em;text-align:right;border-bottom:1px solid #ddd}
            td:first-child,th:first-child{text-align:left}.errors{display:flex;flex-wrap:wrap;gap:1em}
            figure{margin:0;width:10em}figure img{width:100%;image-rendering:pixelated;background:#eee}
            figcaption{font-size:85%}svg text{font:11px system-ui,sans-serif}
            </style></head><body>
            <h1>\(Self.escaped(title))</h1>
            <p>\(report.images) images, \(report.failures) without a result. Top-1 \(percent(share(measures.top1))), top-5 \
            \(percent(share(measures.top5))), macro F1 \(percent(measures.macroF1))\
            \(measures.calibrationError.map { ", calibration error \(percent($0))" } ?? "").</p>
            <h2>Classes</h2>\(classes)
            <h2>Confusion</h2><p>Rows are what images are, columns what they were called.</p>\(confusion)
            \(reliability)
            <h2>The surest errors</h2><div class="errors">\(errors)</div>
            </body></html>

            """
        try AtomicFile.save(html.utf8, as: path)
    }

    private func share(_ part: Int) -> Double? { measures.count == 0 ? nil : Double(part) / Double(measures.count) }

    private var classes: String {
        let rows = measures.classes.indices.map { label in
            let counts = measures.counts(of: label)
            return "<tr><td>\(Self.escaped(measures.classes[label]))</td><td>\(counts.images)</td>"
                + "<td>\(percent(counts.recall))</td><td>\(percent(counts.precision))</td><td>\(percent(counts.f1))</td></tr>"
        }
        return "<table><tr><th></th><th>images</th><th>recall</th><th>precision</th><th>F1</th></tr>"
            + rows.joined() + "</table>"
    }

    /// Squares, darker the larger their share of the row.
    private var confusion: String {
        let n = measures.classes.count
        let side = n > 60 ? 8 : n > 25 ? 16 : 34
        let margin = side > 16 ? 130 : 10
        var parts: [String] = []
        for row in 0..<n {
            let images = max(measures.counts(of: row).images, 1)
            if side > 16 {
                let y = margin + row * side + side / 2 + 4
                parts.append("<text x=\"\(margin - 6)\" y=\"\(y)\" text-anchor=\"end\">\(name(row))</text>")
                let x = margin + row * side + side / 2
                parts.append(
                    "<text transform=\"translate(\(x + 4),\(margin - 6)) rotate(-60)\">\(name(row))</text>")
            }
            for column in 0..<n {
                let count = measures.confusion[row * n + column]
                guard count > 0 || side > 16 else { continue }
                let share = Double(count) / Double(images)
                let (x, y) = (margin + column * side, margin + row * side)
                let colour = row == column ? "0,110,60" : "190,30,30"
                parts.append(
                    "<rect x=\"\(x)\" y=\"\(y)\" width=\"\(side)\" height=\"\(side)\" stroke=\"#ddd\" "
                        + "fill=\"rgba(\(colour),\(fixed(share, 3)))\"><title>\(name(row)) called \(name(column)): "
                        + "\(count)</title></rect>")
                if side > 16, count > 0 {
                    parts.append(
                        "<text x=\"\(x + side / 2)\" y=\"\(y + side / 2 + 4)\" text-anchor=\"middle\" "
                            + "fill=\"\(share > 0.5 ? "#fff" : "#222")\">\(count)</text>")
                }
            }
        }
        let size = margin + n * side + 60
        return "<svg width=\"\(size)\" height=\"\(size)\" role=\"img\">\(parts.joined())</svg>"
    }

    private func name(_ label: Int) -> String { Self.escaped(String(measures.classes[label].prefix(18))) }

    /// How often answers of about one probability are right: on the diagonal they know it.
    private var reliability: String {
        guard measures.calibrationError != nil else { return "" }
        let (side, margin) = (300.0, 40.0)
        let most = Double(measures.reliability.map(\.count).max() ?? 1)
        var parts: [String] = []
        for (index, bin) in measures.reliability.enumerated() where bin.count > 0 {
            let width = side / Double(ClassificationMeasures.bins)
            let right = Double(bin.right) / Double(bin.count)
            let opacity = 0.25 + 0.75 * Double(bin.count) / most
            parts.append(
                "<rect x=\"\(fixed(margin + Double(index) * width))\" y=\"\(fixed(margin + side * (1 - right)))\" "
                    + "width=\"\(fixed(width - 1))\" height=\"\(fixed(side * right))\" "
                    + "fill=\"rgba(40,90,160,\(fixed(opacity)))\"><title>\(bin.count) answers, said "
                    + "\(percent(bin.sum / Double(bin.count))), right \(percent(right))</title></rect>")
        }
        let (low, high) = (margin, margin + side)
        return """
            <h2>Reliability</h2><p>How often answers are right, by how probable they were said to be; darker is more answers.</p>
            <svg width="380" height="380" role="img">\(parts.joined())
            <line x1="\(low)" y1="\(high)" x2="\(high)" y2="\(low)" stroke="#222" stroke-dasharray="4"/>
            <rect x="\(low)" y="\(low)" width="\(side)" height="\(side)" fill="none" stroke="#888"/>
            <text x="\(low)" y="\(high + 16)">0</text><text x="\(high - 6)" y="\(high + 16)">1</text>
            <text x="\(low + 90)" y="\(high + 30)">probability said</text></svg>
            """
    }

    private var errors: String {
        let wrong = predictions.filter { !$0.isRight && !$0.scores.isEmpty }
            .sorted { ($0.scores[0].score, $1.index) > ($1.scores[0].score, $0.index) }
        return wrong.prefix(Self.mostErrors).map { prediction in
            let image = picture(prediction.index).map {
                "<img alt=\"\" src=\"data:image/png;base64,\(Data($0).base64EncodedString())\">"
            }
            let said = prediction.scores[0]
            return
                "<figure>\(image ?? "")<figcaption>\(Self.escaped(prediction.expected.joined(separator: ", "))), called "
                + "<b>\(Self.escaped(said.label))</b> \(percent(Double(said.score)))<br>"
                + "<small>\(Self.escaped(prediction.name))</small></figcaption></figure>"
        }.joined()
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }
}
