/// Merges tokens that are alike, in every block between its attention and its MLP (Bolya et al. 2022, "Token Merging: Your
/// ViT But Faster"): a transformer needs fewer and fewer of them.
///
/// Of each block's tokens, the first few (class and register tokens) left out, those of the most similar keys become one,
/// their average weighted by how many patches each stands for; attention adds the logarithm of that number to a token's
/// scores, so that it counts as much as its patches did. What reads tokens in their places, an output, a mean, a decoder,
/// gets for each patch the token that stands for it.
///
/// What a graph computes changes, so this is no `Pass`. It is run on a graph that is pruned to what is asked for, for one
/// number of tokens.
public struct MergeTokens: Sendable, Hashable {
    /// Tokens fewer after each block: r. A block of fewer than twice as many that may be merged loses half of those.
    public let perBlock: Int
    /// Tokens that stand for a part of the image. Those that there are besides come first, and are never merged.
    public let patches: Int

    public init(perBlock: Int, patches: Int) {
        self.perBlock = perBlock
        self.patches = patches
    }

    /// How many of so many tokens that may be merged a block merges into others: half at most.
    public func merged(of free: Int) -> Int { max(0, min(perBlock, free / 2)) }

    /// The patch tokens that each block begins with, and at the end those behind the last.
    public func schedule(depth: Int) -> [Int] {
        (0..<depth).reduce(into: [patches]) { counts, _ in
            let free = counts[counts.count - 1]
            counts.append(free - merged(of: free))
        }
    }

    /// - Parameter bindings: numbers for the graph's symbols, those of token counts at least.
    /// - Returns: how many blocks there are.
    ///
    /// Throws `GraphError.mismatch` where the graph has no blocks, or something in them needs all tokens.
    @discardableResult
    public func run(_ graph: inout Graph, bindings: [String: Int]) throws(GraphError) -> Int {
        var rewriting = TokenMerging(graph, merging: self, bindings: bindings)
        graph = try rewriting.rewrite()
        return rewriting.blocks
    }
}

/// One rewriting of a graph. Values whose tokens were merged have another in their place, of their level: how many blocks
/// merged before it.
private struct TokenMerging {
    /// What is known of the tokens after a merge, by values of the graph.
    struct Level {
        var tokens: Int
        var members, starts, sizes, bias, origins: ValueID
    }

    /// A block's attention, until its result has been added to the stream.
    struct Site {
        var name: String
        var level: Int
        var matching: TokenMatching
        var keys: ValueID
    }

    private var graph: Graph
    private let merging: MergeTokens
    private let bindings: [String: Int]
    /// Tokens at the beginning that stay; known from the first attention on.
    private var fixed = 0
    private var levels: [Level] = []
    /// The merged values in the places of the graph's own, with their levels, counted from 1.
    private var merged: [ValueID: (value: ValueID, level: Int)] = [:]
    private var unmerged: [ValueID: ValueID] = [:]
    /// What comes of a block's attention alone.
    private var branches: [ValueID: Site] = [:]
    private var open: Site?
    /// What is computed of a decoder's tokens.
    private var decoded: Set<ValueID> = []
    private var nodes: [Node] = []

    init(_ graph: Graph, merging: MergeTokens, bindings: [String: Int]) {
        self.graph = graph
        self.merging = merging
        self.bindings = bindings
    }

    /// The blocks that were found.
    private(set) var blocks = 0

    mutating func rewrite() throws(GraphError) -> Graph {
        for node in graph.nodes { try rewrite(node) }
        if let open { throw refusal(open.name, "its result is added to no tokens") }
        guard blocks > 0 else { throw refusal("the graph", "it has no attention of tokens to one another") }
        var outputs: [ValueID: ValueID] = [:]
        for (_, value) in graph.outputs { outputs[value] = whole(value) }
        graph.nodes = nodes
        graph.replaceOutputs { outputs[$0] ?? $0 }
        return graph
    }

    private func refusal(_ node: String, _ problem: String) -> GraphError {
        .mismatch(node: node, op: "mergeTokens", problem: "tokens cannot be merged here: " + problem)
    }

    private mutating func rewrite(_ node: Node) throws(GraphError) {
        if node.inputs.contains(where: { $0.map(decoded.contains) ?? false }) || node.op == .restoreTokens {
            decoded.formUnion(node.outputs)
            return emitWhole(node)
        }
        if node.op.needsPlaces { throw refusal(node.name, "it needs all tokens in their places") }
        switch node.op {
        case .attention, .separateAttention:
            if try attend(node) { return }
        case .selectToken(let token):
            if token < fixed, let x = node.inputs[0], let known = merged[x] {
                var node = node
                node.inputs[0] = known.value
                return nodes.append(node)
            }
        default:
            if node.isRowwise(in: graph), let level = commonLevel(of: node.rowInputs) {
                emit(node, at: level)
                return try follow(node, at: level)
            }
        }
        emitWhole(node)
    }

    // MARK: Levels

    /// Of values that are all of one level; nil where they are of several.
    private func commonLevel(of values: [ValueID]) -> Int? {
        let levels = Set(values.map { merged[$0]?.level ?? 0 })
        return levels.count == 1 ? levels.first : nil
    }

    /// A node whose tokens are of one level.
    private mutating func emit(_ node: Node, at level: Int) {
        guard level > 0 else { return nodes.append(node) }
        var node = node
        for place in node.op.rowOperands where place < node.inputs.count {
            node.inputs[place] = node.inputs[place].map { merged[$0]?.value ?? $0 }
        }
        node.output = replacement(of: node.output, at: level)
        nodes.append(node)
    }

    private mutating func replacement(of id: ValueID, at level: Int) -> ValueID {
        let value = graph[id]
        let shape = value.shape.with(tokens: levels[level - 1].tokens)
        let replacement = graph.addValue(value.name, shape, value.type)
        merged[id] = (replacement, level)
        return replacement
    }

    /// A node that reads all tokens in their places.
    private mutating func emitWhole(_ node: Node) {
        var node = node
        node.inputs = node.inputs.map { $0.map { whole($0) } }
        nodes.append(node)
    }

    private mutating func whole(_ id: ValueID) -> ValueID {
        guard let known = merged[id] else { return id }
        if let made = unmerged[id] { return made }
        let value = graph[id]
        let result = graph.addValue(value.name + " unmerged", value.shape, value.type)
        nodes.append(
            Node(
                name: value.name + " unmerged", op: .unmergeTokens,
                inputs: [known.value, levels[known.level - 1].origins], outputs: [result]))
        unmerged[id] = result
        return result
    }

    // MARK: Blocks

    /// Emits a block's attention; false where the node is none.
    private mutating func attend(_ node: Node) throws(GraphError) -> Bool {
        let operands = node.inputs.prefix(node.op.attendedOperands).compactMap { $0 }
        guard let queries = operands.first, let keys = operands.count == 1 ? queries : operands.dropFirst().first,
            let tokens = tokens(of: queries), tokens == self.tokens(of: keys)
        else { return false }
        if let open { throw refusal(open.name, "its result is added to no tokens before \(node.name) attends") }
        guard let level = commonLevel(of: operands), level == levels.count else {
            throw refusal(node.name, "what it reads was made of all tokens in their places")
        }
        guard node.inputs.dropFirst(node.op.attendedOperands).allSatisfy({ $0 == nil }) else {
            throw refusal(node.name, "its scores have a bias of their own")
        }
        guard let width = graph[node.output].shape.width, node.op.heads > 0, width % node.op.heads == 0 else {
            throw refusal(node.name, "the width of its heads is not known")
        }
        if blocks == 0 {
            guard merging.patches > 0, tokens >= merging.patches else {
                throw refusal(node.name, "it attends over \(tokens) tokens for \(merging.patches) patches")
            }
            fixed = tokens - merging.patches
        }
        let matching = TokenMatching(
            heads: node.op.heads, headWidth: width / node.op.heads, column: node.op.keyColumn(width: width),
            fixed: fixed, merged: merging.merged(of: (level == 0 ? tokens : levels[level - 1].tokens) - fixed))
        var attention = node
        attention.inputs = operands.map { merged[$0]?.value ?? $0 }
        let site = Site(
            name: node.name, level: level, matching: matching, keys: merged[keys]?.value ?? keys)
        if level > 0 {
            let absent = [ValueID?](repeating: nil, count: AttentionInput.keyBias - operands.count)
            attention.inputs += absent + [levels[level - 1].bias]
            attention.output = replacement(of: node.output, at: level)
        }
        nodes.append(attention)
        branches[node.output] = site
        open = site
        return true
    }

    /// Follows a block's attention to where its result is added to the stream, and merges there.
    private mutating func follow(_ node: Node, at level: Int) throws(GraphError) {
        let sites = node.rowInputs.map { branches[$0] }
        guard let site = sites.compactMap({ $0 }).first, site.level == level else { return }
        guard sites.count > 1 else {
            branches[node.output] = site
            return
        }
        open = nil
        blocks += 1
        if site.matching.merged > 0 { merge(node.output, site) }
    }

    private mutating func merge(_ stream: ValueID, _ site: Site) {
        let before = levels.last
        let value = graph[stream]
        let images = value.shape.dimensions[0]
        guard let all = tokens(of: stream) else { return }
        let tokens = before?.tokens ?? all
        let left = tokens - site.matching.merged
        func add(_ name: String, _ count: Int, _ type: ElementType) -> ValueID {
            graph.addValue("\(site.name) \(name)", [images, .fixed(count)], type)
        }
        let level = Level(
            tokens: left, members: add("members", tokens, .i32), starts: add("starts", left + 1, .i32),
            sizes: add("sizes", left, .f32), bias: add("bias", left, .f32), origins: add("origins", all, .i32))
        nodes.append(
            Node(
                name: site.name + " match", op: .matchTokens(site.matching),
                inputs: [site.keys, before?.sizes, before?.origins],
                outputs: [level.members, level.starts, level.sizes, level.bias, level.origins]))
        let x = merged[stream]?.value ?? stream
        levels.append(level)
        nodes.append(
            Node(
                name: site.name + " merge", op: .mergeTokens(fixed: fixed),
                inputs: [x, level.members, level.starts, before?.sizes],
                outputs: [replacement(of: stream, at: levels.count)]))
    }

    /// How many tokens a value of the graph has, before any merge.
    private func tokens(of id: ValueID) -> Int? {
        let dimensions = graph[id].shape.dimensions
        guard (3...4).contains(dimensions.count) else { return nil }
        return dimensions[dimensions.count - 2].bound(by: bindings)
    }
}

extension Op {
    /// Of an attention.
    fileprivate var heads: Int {
        switch self {
        case .attention(let heads): heads
        case .separateAttention(let attention): attention.heads
        default: 0
        }
    }

    /// Of an attention, those that hold queries, keys and values.
    fileprivate var attendedOperands: Int {
        if case .separateAttention = self { 3 } else { 1 }
    }

    /// Where an attention's keys begin in an operand of rank 3.
    fileprivate func keyColumn(width: Int) -> Int {
        if case .separateAttention(let attention) = self { attention.columns[1] } else { width }
    }
}

extension Shape {
    /// [B, T, n] with another number of tokens.
    fileprivate func with(tokens: Int) -> Shape {
        Shape([dimensions[0], .fixed(tokens)] + dimensions.dropFirst(2))
    }
}
