internal import UnmaskGraph

/// timm's `vision_transformer`, `vision_transformer_sam` and `deit`: ViT, DeiT, MAE, DINO, DINOv2, CLIP's and SigLIP's image
/// towers, SAM's encoder, AIMv2, BEiT-3.
enum ViTFamily: ArchitectureFamily {
    static func facts(of architecture: String) -> ArchitectureFacts? {
        let name = ArchitectureName(architecture)
        guard name.begins("samvit_", "vit_", "deit", "beit", "aimv2_", "flexivit_", "test_vit", "eva_large_") else {
            return nil
        }
        var facts = ArchitectureFacts()
        facts.normEpsilon = name.has("clip") || name.begins("beit3_", "aimv2_", "samvit_") ? 1e-5 : 1e-6
        if name.has("quickgelu") { facts.gelu = .quick }
        if name.has("siglip"), isTanh(name) { facts.gelu = .tanh }
        if name.has("rpn") { facts.normPlace = .after }
        if name.begins("aimv2_") { facts.headWidth = 128 }
        if name.begins("test_vit") { facts.headWidth = 32 }
        facts.heads = heads[name.parts.dropFirst().first ?? ""]
        if architecture == "vit_base_patch16_gap_224" { facts.heads = 16 }
        // The attention pooling of test_vit3 alone reads the prefix.
        facts.poolReadsPrefix = architecture == "test_vit3"
        if name.begins("samvit_") {
            facts.windows = samBlocks[name.parts.dropFirst().first ?? ""].map { WindowPlan(side: 14, global: $0) }
        }
        facts.uncomputable = uncomputable.first { name.parts.contains($0.part) }?.feature
        return facts
    }

    /// Where heads are not 64 wide, by the second part of the name.
    private static let heads = ["so400m": 16, "huge": 16, "giantopt": 16, "gigantic": 16]

    /// SAM's blocks that attend to all.
    private static let samBlocks = ["base": [2, 5, 8, 11], "large": [5, 11, 17, 23], "huge": [7, 15, 23, 31]]

    private static let uncomputable: [(part: String, feature: String)] = [
        ("xp", "parallel scaling blocks"), ("pwee", "parallel scaling blocks"),
        ("dpwee", "differential attention"), ("dwee", "differential attention"), ("dlittle", "differential attention"),
        ("18x2", "parallel blocks"),
    ]

    /// SigLIP 2 was trained with the approximation; its sizes that SigLIP has too kept the exact one in timm.
    private static func isTanh(_ name: ArchitectureName) -> Bool {
        name.has("giantopt") || name.has("base", "patch32") || name.has("so400m", "patch16")
            || name.has("large", "patch16", "512")
    }
}
