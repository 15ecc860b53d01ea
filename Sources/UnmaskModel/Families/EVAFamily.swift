internal import UnmaskGraph

/// timm's `eva`: EVA, EVA-02, ViTs with rotary positions, DINOv3, Perception Encoder.
enum EVAFamily: ArchitectureFamily {
    static func facts(of architecture: String) -> ArchitectureFacts? {
        let name = ArchitectureName(architecture)
        var facts = ArchitectureFacts()
        if name.begins("eva02_enormous_") {
            facts.normPlace = .after
        } else if name.begins("eva02_") || name.has("rope", "gap") {
            // EVA-02 counts on the grid that it was pretrained on.
            facts.rotary = Rotary(
                .counted(offset: 0, reference: [16, 16]), temperature: 10_000, columnsFirst: false, halves: false)
        } else if name.has("rope", "mixed") {
            facts.rotary = Rotary(.learned, temperature: 10, columnsFirst: true, halves: false)
        } else if name.has("rope") {
            facts.rotary = Rotary(
                .counted(offset: 0, reference: nil), temperature: 100, columnsFirst: true, halves: false)
        } else if name.has("dinov3") || name.has("lingbot") {
            facts.rotary = .dinov3
            facts.normEpsilon = 1e-5
            if name.has("7b") { facts.headWidth = 128 }
        } else if name.begins("vit_pe_") {
            perceptionEncoder(name, &facts)
        } else if name.has("sapiens2") {
            facts.uncomputable = "grouped queries"
        } else if !name.begins("eva_giant_") {
            return nil
        }
        if name.has("giant"), name.begins("eva") { facts.heads = 16 }
        if name.begins("eva02_enormous_") { facts.heads = 16 }
        return facts
    }

    private static func perceptionEncoder(_ name: ArchitectureName, _ facts: inout ArchitectureFacts) {
        let isGigantic = name.has("gigantic")
        let side = (name.imageSize ?? 224) / (name.patchSize ?? 16)
        facts.rotary = Rotary(
            .counted(offset: isGigantic ? 0 : 1, reference: [side, side]), temperature: 10_000, columnsFirst: true,
            halves: false)
        facts.normEpsilon = 1e-5
        facts.poolHeads = 8
        facts.poolReadsPrefix = true
        if isGigantic { facts.heads = 16 }
    }
}

extension Rotary {
    /// DINOv3's (Siméoni et al. 2025).
    static let dinov3 = Rotary(.centred, temperature: 100, columnsFirst: false, halves: true)
}
