/// `info`: what the models are, and the heads that were fitted on their vectors; all of them, or those of the model that
/// `model` names. Loads nothing.
struct InfoResult: MethodResult {
    private let models: [ModelRegistry.Entry]
    private let heads: [ServiceConfiguration.NamedHead]

    init(_ request: Request, _ context: MethodContext) throws(ServiceError) {
        let parameters = try Parameters(request.params, allowing: ["model"])
        let entries = context.models.entries
        if let name = try parameters.string("model") {
            models = entries.filter { $0.name == name }
            guard !models.isEmpty else { throw .noModel(name, known: entries.map(\.name)) }
            let hash = models[0].model?.description.hash
            heads = context.heads.entries.filter { $0.head.stamp.model == hash }
        } else {
            models = entries
            heads = context.heads.entries
        }
    }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
        json.key("models")
        json.array(of: models) { json, entry in
            json.object { json in
                json.field("name", entry.name)
                json.field("loaded", entry.model != nil)
                entry.model?.description.writeMembers(to: &json)
                if let golden = entry.model?.golden { json.field("golden", golden.origin.rawValue) }
            }
        }
        json.key("heads")
        json.array(of: heads) { json, named in
            json.object { json in
                json.field("name", named.name)
                named.head.writeMembers(to: &json)
            }
        }
    }
}

extension ModelDescription {
    fileprivate func writeMembers(to json: inout JSONWriter) {
        json.field("hash", hash)
        json.field("precision", precision)
        json.key("image_size")
        json.array(of: interface.imageSize) { $0.value($1) }
        json.field("channels", interface.channels)
        json.field("patch_size", orNull: interface.patchSize)
        json.field("patches", interface.patches)
        json.field("width", interface.width)
        json.field("depth", interface.depth)
        json.field("heads", orNull: interface.heads)
        json.field("pooling", interface.pooling.rawValue)
        json.key("poolings")
        json.array(of: interface.poolings) { $0.value($1.rawValue) }
        json.field("merge", merge)
        json.field("merge_max", mergeRefusal == nil ? interface.patches / 2 : 0)
        json.key("recipes")
        json.array(of: recipes) { $0.value($1.name) }
        json.field("classes", interface.classes)
        json.key("scores")
        json.array(of: interface.scores) { $0.value($1.rawValue) }
        json.key("labels")
        json.array(of: labels) { $0.value($1) }
        json.key("decoder")
        writeDecoder(to: &json)
        json.key("licence")
        if let licence { json.value(licence) } else { json.literal("null") }
        json.field("maximum_batch", maximumBatch)
    }

    private func writeDecoder(to json: inout JSONWriter) {
        guard let decoder = interface.decoder else { return json.literal("null") }
        json.object { json in
            json.field("width", decoder.width)
            json.field("depth", decoder.depth)
            json.field("heads", decoder.heads)
            json.field("norm_pix", decoder.normPix)
        }
    }
}
