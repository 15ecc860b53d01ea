import UnmaskHeads
import UnmaskService

/// What `fit` and `eval` show of measures.
extension HeadMeasurement.Measures {
    func write(to line: inout JSONWriter) {
        switch self {
        case .classes(let measures): measures.write(to: &line)
        case .tags(let each, let exact):
            line.field("exact", exact)
            line.key("labels")
            line.array(of: each) { array, entry in
                array.object {
                    $0.field("label", entry.label)
                    $0.field("images", entry.measures.images)
                    $0.field("positives", entry.measures.positives)
                    $0.field("auroc", orNull: entry.measures.auroc)
                    $0.field("average_precision", orNull: entry.measures.averagePrecision)
                }
            }
        case .quantities(let each):
            line.key("quantities")
            line.array(of: each) { array, entry in
                array.object {
                    $0.field("name", entry.name)
                    $0.field("images", entry.measures.images)
                    $0.field("r2", orNull: entry.measures.r2)
                    $0.field("mean_error", entry.measures.meanError)
                    $0.field("rmse", entry.measures.rootMeanSquare)
                }
            }
        case .pixels(let measures): measures.write(to: &line)
        case .anomalies(let measures):
            line.field("good", measures.good)
            line.field("anomalous", measures.ranking.positives)
            line.field("auroc", orNull: measures.ranking.auroc)
            line.field("average_precision", orNull: measures.ranking.averagePrecision)
            line.field("threshold", measures.threshold)
            line.field("caught", measures.caught)
            line.field("false_alarms", measures.falseAlarms)
        }
    }

    var text: String {
        switch self {
        case .classes(let measures): return measures.text
        case .tags(let each, let exact):
            var table = Table(["", "images", "with it", "AUROC", "AP"], numeric: [1, 2, 3, 4])
            for (label, measures) in each {
                table.add([
                    label, "\(measures.images)", "\(measures.positives)", share(measures.auroc),
                    share(measures.averagePrecision),
                ])
            }
            return table.text + "\nall labels right: \(percent(exact))"
        case .quantities(let each):
            var table = Table(["", "images", "R²", "mean error", "RMSE"], numeric: [1, 2, 3, 4])
            for (name, measures) in each {
                table.add([
                    name, "\(measures.images)", share(measures.r2), fixed(measures.meanError, 4),
                    fixed(measures.rootMeanSquare, 4),
                ])
            }
            return table.text
        case .pixels(let measures): return measures.text
        case .anomalies(let measures):
            var table = Table(["", "images", "called anomalous"], numeric: [1, 2])
            table.add(["good", "\(measures.good)", "\(measures.falseAlarms)"])
            table.add(["anomalous", "\(measures.ranking.positives)", "\(measures.caught)"])
            return table.text
                + "\nAUROC \(share(measures.ranking.auroc)), AP \(share(measures.ranking.averagePrecision)), anomalous from "
                + "\(fixed(measures.threshold, 4))"
        }
    }
}

extension SegmentationMeasures {
    func write(to line: inout JSONWriter) {
        line.field("pixels", pixels)
        line.field("unseen_pixels", unseen)
        line.field("mean_iou", orNull: meanIoU)
        line.field("pixel_accuracy", orNull: accuracy)
        line.key("classes")
        line.array(of: classes.indices) { array, label in
            array.object {
                $0.field("label", classes[label])
                $0.field("pixels", pixels(of: label))
                $0.field("iou", orNull: iou(of: label))
                $0.field("recall", orNull: recall(of: label))
            }
        }
        line.key("confusion")
        line.array(of: classes.indices) { array, label in
            array.array(of: confusion[label * classes.count..<(label + 1) * classes.count]) { $0.value($1) }
        }
    }

    var text: String {
        var table = Table(["", "pixels", "IoU", "recall"], numeric: [1, 2, 3])
        for label in classes.indices {
            table.add([classes[label], "\(pixels(of: label))", percent(iou(of: label)), percent(recall(of: label))])
        }
        table.add(["all", "\(pixels)", percent(meanIoU), percent(accuracy)])
        return table.text + (unseen == 0 ? "" : "\nnot seen by the model, and not counted: \(unseen) pixels")
    }
}

extension ClassificationMeasures {
    func write(to line: inout JSONWriter) {
        line.field("top1", orNull: count == 0 ? nil : Double(top1) / Double(count))
        line.field("top5", orNull: count == 0 ? nil : Double(top5) / Double(count))
        line.field("macro_f1", orNull: macroF1)
        line.field("ece", orNull: calibrationError)
        line.key("classes")
        line.array(of: classes.indices) { array, label in
            let counts = counts(of: label)
            array.object {
                $0.field("label", classes[label])
                $0.field("images", counts.images)
                $0.field("top1", orNull: counts.recall)
                $0.field("precision", orNull: counts.precision)
                $0.field("recall", orNull: counts.recall)
                $0.field("f1", orNull: counts.f1)
            }
        }
        line.key("confusion")
        line.array(of: classes.indices) { array, label in
            array.array(of: confusion[label * classes.count..<(label + 1) * classes.count]) { $0.value($1) }
        }
    }

    var text: String {
        var table = Table(["", "images", "top-1", "top-5", "precision", "F1"], numeric: [1, 2, 3, 4, 5])
        for label in classes.indices {
            let counts = counts(of: label)
            table.add([
                classes[label], "\(counts.images)", percent(counts.recall), "", percent(counts.precision),
                percent(counts.f1),
            ])
        }
        table.add([
            "all", "\(count)", percent(count == 0 ? nil : Double(top1) / Double(count)),
            percent(count == 0 ? nil : Double(top5) / Double(count)), "", percent(macroF1),
        ])
        return table.text + (calibrationError.map { "\ncalibration error (ECE, 15 bins): \(percent($0))" } ?? "")
    }
}

/// A share of 100; a dash where there is none.
func percent(_ share: Double?) -> String { share.map { fixed(100 * $0) + " %" } ?? "–" }

/// A number from 0 to 1; a dash where there is none.
private func share(_ number: Double?) -> String { number.map { fixed($0, 4) } ?? "–" }
