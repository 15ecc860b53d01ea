/// `info`: what the models are; all of them, or the one that `model` names.
struct InfoResult: MethodResult {
    private var models: [RegisteredModel]

    init(_ request: Request, _ context: MethodContext) throws(ServiceError) {
        let parameters = try Parameters(request.params, allowing: ["model"])
        if let name = try parameters.string("model") {
            models = [try context.models.model(named: name)]
        } else {
            models = context.models.all
        }
    }

    func write(to json: inout JSONWriter, frames: inout AnswerFrames) {
        json.object { json in
            json.key("models")
            json.array(of: models) { $1.description.write(to: &$0, named: $1.name) }
        }
    }
}

extension ModelDescription {
    fileprivate func write(to json: inout JSONWriter, named name: String) {
        json.object { json in
            json.field("name", name)
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
            json.key("recipes")
            json.array(of: recipes) { $0.value($1.rawValue) }
            json.field("classes", interface.classes)
            json.key("labels")
            json.array(of: labels) { $0.value($1) }
            json.key("decoder")
            writeDecoder(to: &json)
            json.key("licence")
            if let licence { json.value(licence) } else { json.literal("null") }
        }
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
