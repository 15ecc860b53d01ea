/// Which part of a model an exported file computes.
public enum ModelPart: String, Sendable, Codable, CaseIterable {
    /// Pixels → what a pooling makes of the tokens.
    case encoder
    /// Pixels → logits.
    case classifier
    /// Pixels, `ids_keep` and `ids_restore` → each patch's predicted values, and the mask (1 = removed).
    case mae
}
