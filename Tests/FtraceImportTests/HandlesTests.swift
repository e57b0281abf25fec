import AllocationTrace
import FtraceImport
import Testing

@Suite struct HandlesTests {
  /// Random page events: whatever the recording says, each operation handed out names pages that are live.
  @Test func freedPagesAreAlwaysLive() {
    for seed in 0..<200 as Range<UInt64> {
      var random = Randomness(state: seed)
      let text = (0..<200).map { _ in
        let order = [0, 0, 0, 1, 2, 3].randomElement(using: &random)!
        let frame = Int.random(in: 0..<64, using: &random) & ~((1 << order) - 1)
        return Bool.random(using: &random)
          ? pageAllocation(frame, order: order) : pageFree(frame, order: order)
      }.joined()
      var importer = FtraceImporter()
      var operations: [KernelOperation] = []
      importer.read(Array(text.utf8)) { operations.append($0) }

      // Owner of every frame: the operation that asked for it, and whether its block is split.
      var owner: [Int: Int] = [:]
      var isSplit: Set<Int> = []
      for (index, operation) in operations.enumerated() {
        let frames =
          operation.verb == .pages
          ? operation.frame : operations[operation.block].frame + operation.offset
        switch operation.verb {
        case .pages:
          for frame in frames..<frames + 1 << Int(operation.order) {
            #expect(owner[frame] == nil, "seed \(seed), operation \(index)")
            owner[frame] = index
          }
        case .splitPages:
          #expect(owner[frames] == operation.block && !isSplit.contains(operation.block))
          isSplit.insert(operation.block)
        case .freePages:
          let isWhole =
            operation.offset == 0 && operation.order == operations[operation.block].order
          #expect(isWhole || isSplit.contains(operation.block), "seed \(seed), operation \(index)")
          for frame in frames..<frames + 1 << Int(operation.order) {
            #expect(
              owner.removeValue(forKey: frame) == operation.block,
              "seed \(seed), operation \(index)")
          }
        default: Issue.record("seed \(seed): \(operation.verb)")
        }
      }
      #expect(importer.account.livePages == owner.count)
      expectAccounted(importer.account, "seed \(seed)")
    }
  }
}
