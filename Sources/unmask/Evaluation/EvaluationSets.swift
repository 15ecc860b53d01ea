import UnmaskModel

/// The labelled images of an evaluation, all of whose classes have the same numbers.
struct EvaluationSets {
    let test: LabelledImages
    /// To fit k-NN and a probe on.
    let training: LabelledImages?
    /// Whether the classes are those of the model's head.
    let measuresHead: Bool

    /// - Throws: `PairingMismatch` where the classes of the images are not the head's, and there is nothing else to measure;
    ///   or where the test images have classes that no training image has.
    init(data: String, train: String?, model: Model, by rule: PairingRule) throws {
        if model.hasHead {
            guard model.interface.scores.first != .values else {
                throw ModelError.invalidRequest(
                    "\(model.name) is a regression: its head gives quantities, and folders say classes")
            }
            do {
                self = try Self(data, train, model, classes: model.classNames, rule, measuresHead: true)
                return
            } catch let mismatch as PairingMismatch {
                guard train != nil else { throw mismatch }
                Console.warning("the head is not measured, features alone are: \(mismatch)")
            }
        }
        self = try Self(
            data, train, model, classes: nil, model.hasHead ? .names : rule, measuresHead: false)
    }

    /// - Parameter classes: of the head; nil: those of the training images.
    private init(
        _ data: String, _ train: String?, _ model: Model, classes: [String]?, _ rule: PairingRule, measuresHead: Bool
    ) throws {
        training = try train.map {
            try LabelledImages($0, recipe: model.recipe, classes: classes, by: classes == nil ? .names : rule)
        }
        test = try LabelledImages(data, recipe: model.recipe, classes: classes ?? training?.classes, by: rule)
        self.measuresHead = measuresHead
    }
}
