/// `info`: what the models are; all of them, or the one that `model` names.
struct InfoResult: MethodResult {
    var models: [RegisteredModel]

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
            json.field("architecture", architecture)
            json.field("width", width)
            json.field("depth", depth)
            json.field("heads", heads)
            json.field("patch_size", patchSize)
            json.key("image_size")
            json.array(of: imageSize) { $0.value($1) }
            json.field("channels", channels)
            json.field("patches", patches)
            json.field("precision", precision)
            json.key("recipes")
            json.array(of: recipes) { $0.value($1) }
            json.field("classifies", hasHead)
            json.field("reconstructs", hasDecoder)
            json.key("labels")
            json.array(of: labels) { $0.value($1) }
            json.field("licence", licence)
        }
    }
}
