internal import CUnmaskBLAS
internal import Dispatch

/// The mean cross-entropy of images' points, whose scores are interpolated between those of patch tokens, with a penalty on the
/// weights, and its gradient.
///
/// Images belong to lanes, which are summed in order: the result is the same bits whatever the number of threads.
struct SegmentationObjective: Sendable {
    let tokens: TokenMatrix
    let standardisation: Standardisation
    let labels: PointLabels
    /// What each image weighs; 0 leaves it out.
    let weights: [Float]
    /// What a point of each class weighs.
    let classWeights: [Float]
    /// Numbers of the hidden layer; nil: there is none.
    let hidden: Int?
    /// The factor of half the squared weights.
    let penalty: Double

    private let across: AxisStencil
    private let down: AxisStencil
    /// What all points weigh together.
    private let total: Double

    private static let lanes = 8

    init(
        tokens: TokenMatrix, standardisation: Standardisation, labels: PointLabels, weights: [Float],
        classWeights: [Float], hidden: Int?, penalty: Double
    ) throws(HeadError) {
        try Algebra.open()
        self.tokens = tokens
        self.standardisation = standardisation
        self.labels = labels
        self.weights = weights
        self.classWeights = classWeights
        self.hidden = hidden
        self.penalty = penalty
        across = AxisStencil(tokens: labels.grid.columns, parts: labels.columns)
        down = AxisStencil(tokens: labels.grid.rows, parts: labels.rows)
        var total = 0.0
        for (image, weight) in zip(labels.images, weights) where weight != 0 {
            for label in image where label != PointLabels.ignored {
                total += Double(weight) * Double(classWeights[Int(label)])
            }
        }
        self.total = total
        guard total > 0 else { throw .data("no point of the images has a class: there is nothing to learn") }
    }

    /// The parts of what is looked for, in order: the hidden layer's weights and biases, then the output's.
    struct Layout {
        let width: Int
        let hidden: Int?
        let classes: Int

        /// Of what the output layer takes.
        var inner: Int { hidden ?? width }
        var hiddenCount: Int { (hidden ?? 0) * (width + 1) }
        var count: Int { hiddenCount + classes * (inner + 1) }

        var hiddenWeights: Range<Int> { 0..<(hidden ?? 0) * width }
        var hiddenBiases: Range<Int> { hiddenWeights.upperBound..<hiddenCount }
        var weights: Range<Int> { hiddenCount..<hiddenCount + classes * inner }
        var biases: Range<Int> { weights.upperBound..<count }
    }

    var layout: Layout { Layout(width: tokens.width, hidden: hidden, classes: labels.classes) }

    /// - Parameter parameters: of standardised tokens, as `layout` has them.
    func callAsFunction(_ parameters: [Double]) -> (value: Double, gradient: [Double]) {
        let layout = layout
        let rounded = parameters.map(Float.init)
        let lanes = (0..<Self.lanes).map { _ in Lane(layout, tokens: tokens.tokens, columns: labels.grid.columns) }
        DispatchQueue.concurrentPerform(iterations: Self.lanes) { lane in
            for image in stride(from: lane, to: tokens.images, by: Self.lanes) where weights[image] != 0 {
                add(image, rounded, to: lanes[lane])
            }
        }
        var gradient = [Double](repeating: 0, count: layout.count)
        var value = 0.0
        for lane in lanes {
            value += lane.loss / total
            for index in gradient.indices { gradient[index] += Double(lane.gradient[index]) / total }
        }
        for index in [layout.hiddenWeights, layout.weights].joined() {
            value += penalty / 2 * parameters[index] * parameters[index]
            gradient[index] += penalty * parameters[index]
        }
        return (value, gradient)
    }

    private func add(_ image: Int, _ parameters: [Float], to lane: Lane) {
        let layout = layout
        let count = Int32(tokens.tokens)
        let (width, inner, classes) = (Int32(layout.width), Int32(layout.inner), Int32(layout.classes))
        let (x, h, scores, errors, gradient) = (lane.x, lane.h, lane.scores, lane.errors, lane.gradient)
        parameters.withUnsafeBufferPointer { parameters in
            guard let parameters = parameters.baseAddress else { return }
            tokens.read(image, into: x)
            standardisation.apply(to: x, rows: tokens.tokens)
            if hidden != nil {
                Self.fill(h, parameters + layout.hiddenBiases.lowerBound, layout.inner, tokens.tokens)
                unmask_blas_sgemm(false, true, count, inner, width, 1, x, width, parameters, width, 1, h, inner)
                for index in 0..<tokens.tokens * layout.inner { h[index] = max(h[index], 0) }
            }
            let features = hidden == nil ? x : h
            let weights = parameters + layout.weights.lowerBound
            Self.fill(scores, parameters + layout.biases.lowerBound, layout.classes, tokens.tokens)
            unmask_blas_sgemm(
                false, true, count, classes, inner, 1, features, inner, weights, inner, 1, scores, classes)
            labels.images[image].withUnsafeBufferPointer { addErrors($0, weight: self.weights[image], to: lane) }
            unmask_blas_sgemm(
                true, false, classes, inner, count, 1, errors, classes, features, inner, 1,
                gradient + layout.weights.lowerBound, inner)
            Self.addSums(of: errors, layout.classes, tokens.tokens, to: gradient + layout.biases.lowerBound)
            guard hidden != nil else { return }
            let reached = lane.reached
            unmask_blas_sgemm(
                false, false, count, inner, classes, 1, errors, classes, weights, inner, 0, reached, inner)
            for index in 0..<tokens.tokens * layout.inner where h[index] <= 0 { reached[index] = 0 }
            unmask_blas_sgemm(true, false, inner, width, count, 1, reached, inner, x, width, 1, gradient, width)
            Self.addSums(of: reached, layout.inner, tokens.tokens, to: gradient + layout.hiddenBiases.lowerBound)
        }
    }

    /// Adds the loss of an image's points, and makes the errors of its tokens' scores.
    private func addErrors(_ points: UnsafeBufferPointer<UInt8>, weight imageWeight: Float, to lane: Lane) {
        let (columns, classes) = (labels.grid.columns, labels.classes)
        let rowCount = columns * classes
        let (scores, errors, mixed, rowErrors) = (lane.scores, lane.errors, lane.mixed, lane.rowErrors)
        let point = UnsafeMutableBufferPointer(start: lane.point, count: classes)
        errors.update(repeating: 0, count: tokens.tokens * classes)
        for row in 0..<labels.rows {
            let (upper, lower) = (down.lower[row] * rowCount, down.upper[row] * rowCount)
            let rowShare = down.share[row]
            for index in 0..<rowCount {
                mixed[index] = scores[upper + index] + rowShare * (scores[lower + index] - scores[upper + index])
                rowErrors[index] = 0
            }
            for column in 0..<labels.columns {
                let label = points[row * labels.columns + column]
                guard label != PointLabels.ignored else { continue }
                let weight = imageWeight * classWeights[Int(label)]
                let (left, right) = (across.lower[column] * classes, across.upper[column] * classes)
                let share = across.share[column]
                for index in 0..<classes {
                    point[index] = mixed[left + index] + share * (mixed[right + index] - mixed[left + index])
                }
                let own = Double(point[Int(label)])
                lane.loss += Double(weight) * (Link.softmax(point) - own)
                point[Int(label)] -= 1
                for index in 0..<classes {
                    let error = weight * point[index]
                    rowErrors[left + index] += (1 - share) * error
                    rowErrors[right + index] += share * error
                }
            }
            for index in 0..<rowCount {
                errors[upper + index] += (1 - rowShare) * rowErrors[index]
                errors[lower + index] += rowShare * rowErrors[index]
            }
        }
    }

    /// Every row made the biases.
    private static func fill(
        _ rows: UnsafeMutablePointer<Float>, _ biases: UnsafePointer<Float>, _ width: Int, _ count: Int
    ) {
        for row in 0..<count { (rows + row * width).update(from: biases, count: width) }
    }

    private static func addSums(
        of rows: UnsafeMutablePointer<Float>, _ width: Int, _ count: Int, to sums: UnsafeMutablePointer<Float>
    ) {
        for row in 0..<count { VectorProduct.add(1, rows + row * width, to: sums, width) }
    }

    /// What one lane has summed so far, and room for an image: one worker has it at a time.
    private final class Lane: Sendable {
        typealias Numbers = UnsafeMutablePointer<Float>

        nonisolated(unsafe) var loss = 0.0
        /// As the objective's layout has it.
        nonisolated(unsafe) let gradient: Numbers
        /// [T, D]: tokens.
        nonisolated(unsafe) let x: Numbers
        /// [T, hidden], and what reaches it from behind.
        nonisolated(unsafe) let h: Numbers
        nonisolated(unsafe) let reached: Numbers
        /// [T, classes]: scores, and their errors.
        nonisolated(unsafe) let scores: Numbers
        nonisolated(unsafe) let errors: Numbers
        /// [columns, classes]: a row between two of the grid, and its errors.
        nonisolated(unsafe) let mixed: Numbers
        nonisolated(unsafe) let rowErrors: Numbers
        /// [classes]
        nonisolated(unsafe) let point: Numbers

        init(_ layout: Layout, tokens: Int, columns: Int) {
            func numbers(_ count: Int) -> Numbers {
                let numbers = Numbers.allocate(capacity: max(count, 1))
                numbers.initialize(repeating: 0, count: max(count, 1))
                return numbers
            }
            gradient = numbers(layout.count)
            x = numbers(tokens * layout.width)
            h = numbers(tokens * (layout.hidden ?? 0))
            reached = numbers(tokens * (layout.hidden ?? 0))
            scores = numbers(tokens * layout.classes)
            errors = numbers(tokens * layout.classes)
            mixed = numbers(columns * layout.classes)
            rowErrors = numbers(columns * layout.classes)
            point = numbers(layout.classes)
        }

        deinit {
            for numbers in [gradient, x, h, reached, scores, errors, mixed, rowErrors, point] { numbers.deallocate() }
        }
    }
}
