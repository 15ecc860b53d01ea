import UnmaskHeads

/// `fit`: makes a head of labelled examples, images or vectors, and puts it under a name, new or not.
struct FitResult: MethodResult {
    private static let parameters =
        ["name", "kind", "labels", "seed", "folds", "balanced", "unknown", "by", "passes", "path"]
        + ExampleMasks.members + Examples.members

    private let name: String
    private let head: Head
    private let examples: Int
    private let isReplaced: Bool
    let times: StageTimes?

    init(_ request: Request, _ context: MethodContext) async throws(ServiceError) {
        let parameters = try Parameters(request.params, allowing: Self.parameters)
        name = try parameters.name()
        let kind: HeadKind = try parameters.choice("kind") ?? .ep
        guard kind != .project else {
            throw parameters.mismatch(
                "kind", "another one: a head of kind \(kind.rawValue) is fitted with unmask fit", found: kind.rawValue)
        }
        for parameter in FittingParameter.allCases where !parameter.kinds.contains(kind) {
            guard parameters[parameter.rawValue] != nil else { continue }
            throw parameters.mismatch(
                parameter.rawValue, "left out: it plays no part in \(kind.rawValue)", found: "a value")
        }
        let path = try parameters.string("path")
        let labels = try ExampleLabels(parameters, kind)
        var fitting = HeadFitting(
            kind: kind, folds: try parameters.integer("folds", in: 1...20) ?? 5,
            isBalanced: try parameters.flag("balanced") ?? false, seed: try parameters.seed("seed") ?? 0,
            unknownShare: try parameters.number("unknown", 0...0.99) ?? 0)
        fitting.hidden = try parameters.integer("hidden", in: 1...4096)
        if kind.learns != .mask, parameters["masks"] != nil {
            throw parameters.mismatch("masks", "left out: a head of kind \(kind.rawValue) learns nothing of pixels")
        }
        let examples = try await Examples.read(parameters, request, for: kind, context)
        if let count = labels.count, examples.count != count {
            throw parameters.mismatch(
                "labels", "one for each of the \(examples.count) examples", found: "\(count) labels")
        }
        head = try await context.heads.fit { [fitting] () throws(HeadError) in
            let head = try examples.fit(fitting, labels)
            if let path { try head.write(to: path) }
            return head
        }
        isReplaced = context.heads.put(.init(name: name, head: head, path: path))
        (self.examples, times) = (examples.count, examples.times)
        context.handler.logger.notice(
            "head fitted", metadata: ["head": "\(name)", "kind": "\(kind.rawValue)", "examples": "\(self.examples)"])
    }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
        json.field("name", name)
        json.field("replaced", isReplaced)
        json.field("examples", examples)
        json.key("head")
        json.object { head.writeMembers(to: &$0) }
        json.field("temperature", head.calibration.temperature)
        json.field("unknown_below", orNull: head.calibration.unknownBelow)
        json.key("fit")
        json.object { json in
            for (name, value) in head.fit.sorted(by: { $0.key < $1.key }) { json.field(name, value) }
        }
    }
}

extension Head {
    /// What `info` and `fit` say of it.
    func writeMembers(to json: inout JSONWriter) {
        json.field("kind", kind.rawValue)
        json.key("scores")
        json.array(of: kind.scores) { $0.value($1.rawValue) }
        json.key("labels")
        json.array(of: labels) { $0.value($1) }
        json.key("stamp")
        ResultStamp(stamp).write(to: &json)
    }
}
