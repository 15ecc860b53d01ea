/// `unmask_model_info` and `unmask_build_info`: what runs, as labels of a constant 1.
enum ModelMetrics {
    static func families(_ models: ModelRegistry) -> [MetricFamily] {
        let info = models.loaded.map { model in
            MetricFamily.Sample(
                labels: [
                    MetricLabel(name: "hash", value: model.description.hash),
                    MetricLabel(name: "name", value: model.name),
                    MetricLabel(name: "precision", value: model.description.precision),
                    MetricLabel(name: "width", value: String(model.description.interface.width)),
                ],
                value: 1)
        }
        let version = [MetricLabel(name: "version", value: HelloResult.serverVersion)]
        return [
            MetricFamily(name: "unmask_model_info", help: "The models that are loaded.", kind: .gauge, samples: info),
            MetricFamily(
                name: "unmask_build_info", help: "This program.", kind: .gauge,
                samples: [.init(labels: version, value: 1)]),
        ]
    }
}
