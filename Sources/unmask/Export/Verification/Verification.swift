import UnmaskModel
import UnmaskONNX
import UnmaskRuntime

/// Runs images through the model and through the file that was made of it, and compares.
struct Verification {
    let model: Model
    let options: ModelExportOptions
    let samples: SampleImages
    let engine: Engine
    /// Of the file; `options.precision` is what the target makes of it.
    let filePrecision: ExportPrecision

    /// - Parameters:
    ///   - file: the name to report.
    ///   - batch: images of a forward pass.
    func report(file: String, batch: Int, backends: [any VerificationBackend]) throws -> VerificationReport {
        let batches = try VerificationReference(model, options, engine: engine).batches(samples, of: batch)
        let own = batches.map { $0.expected.mapValues(\.values) }
        var report = VerificationReport(
            file: file, options: options, images: samples.count, accuracy: accuracy(own, batches))
        for backend in backends {
            Console.progress("verifying with \(backend.name)")
            report.backends.append(compare(backend, try backend.run(batches), batches, expected: report.accuracy))
        }
        Console.endProgress()
        return report
    }

    private func compare(
        _ backend: any VerificationBackend, _ results: [[String: [Float]]], _ batches: [VerificationBatch],
        expected: Double?
    ) -> VerificationReport.Backend {
        let isConverted = (backend as? PythonBackend)?.isConverted ?? false
        let gate = VerificationGate(
            precision: isConverted ? options.precision : filePrecision, preprocesses: options.preprocesses,
            isRounded: backend.isRounded, isApproximate: backend.isApproximate)
        var (outputs, problems): ([OutputComparison], [String]) = ([], [])
        for output in (batches.first?.expected.keys).map(Array.init)?.sorted() ?? [] {
            var rows: [(expected: ArraySlice<Float>, found: ArraySlice<Float>)] = []
            for (batch, result) in zip(batches, results) {
                guard let wanted = batch.expected[output], let found = result[output],
                    found.count == wanted.values.count
                else {
                    problems.append("\(output) is missing or of another size")
                    continue
                }
                let answer = OutputArray(shape: wanted.shape, values: found)
                for image in 0..<batch.count { rows.append((wanted[image], answer[image])) }
            }
            let comparison = OutputComparison(name: output, rows: rows, areClasses: output == options.classOutput)
            problems += gate.problems(comparison)
            outputs.append(comparison)
        }
        let accuracy = accuracy(results, batches)
        problems += gate.problems(accuracy: accuracy, expected: expected, images: samples.count)
        return .init(
            name: backend.name, outputs: outputs, accuracy: accuracy, milliseconds: backend.milliseconds,
            problems: problems)
    }

    /// The share of labelled images whose largest score is their label's.
    private func accuracy(_ results: [[String: [Float]]], _ batches: [VerificationBatch]) -> Double? {
        guard options.part == .classifier, let labels = samples.labels else { return nil }
        var (index, right) = (0, 0)
        for (batch, result) in zip(batches, results) {
            guard let wanted = batch.expected[options.classOutput], let found = result[options.classOutput],
                found.count == wanted.values.count
            else { return nil }
            let answer = OutputArray(shape: wanted.shape, values: found)
            for image in 0..<batch.count {
                right += VerificationReport.best(answer[image]) == labels[index] ? 1 : 0
                index += 1
            }
        }
        return Double(right) / Double(max(index, 1))
    }
}
