/// `unmask_head_info`: the fitted heads that requests may name, as labels of a constant 1.
enum HeadMetrics {
    static func families(_ heads: HeadRegistry) -> [MetricFamily] {
        let samples = heads.entries.map { entry in
            MetricFamily.Sample(
                labels: [
                    MetricLabel(name: "kind", value: entry.head.kind.rawValue),
                    MetricLabel(name: "model", value: entry.head.stamp.model),
                    MetricLabel(name: "name", value: entry.name),
                ],
                value: 1)
        }
        return [
            MetricFamily(name: "unmask_head_info", help: "The fitted heads there are.", kind: .gauge, samples: samples)
        ]
    }
}
