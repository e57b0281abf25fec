import AllocationTrace

extension FtraceImporter {
  /// Frames beyond this are no memory of any machine: the kernel's -1 for a request that failed.
  private static var mostFrames: Int { 1 << 40 }

  /// Whether `frame` says that no page was found: 0, or -1 as kernels of 64 and of 32 bits print it.
  ///
  /// What stands at `page=` says nothing: depending on the kernel it is hashed, `(null)`, or of a tool that cannot know it.
  private static func isFailure(_ frame: Int) -> Bool {
    frame <= 0 || frame >= mostFrames || frame == 0xffff_ffff
  }

  /// mm_page_alloc.
  mutating func allocatePages(_ event: EventLine, _ body: (KernelOperation) -> Void) -> Bool {
    var frame: Int?
    var order = -1
    var operation = KernelOperation(.pages)
    operation.cpu = event.cpu
    var fields = FieldScanner(event.fieldsStart, event.end)
    while fields.next() {
      switch fields.key {
      case Key.pfn: frame = fields.frame
      case Key.order: order = fields.decimal ?? -1
      case Key.migrateType: operation.migrateType = UInt8(truncatingIfNeeded: fields.decimal ?? 255)
      case Key.gfpFlags: operation.text = texts.number(fields.value)
      default: break
      }
    }
    guard let frame, 0...10 ~= order, operation.text != 0, operation.migrateType < 10 else {
      return false
    }
    guard !Self.isFailure(frame) else {
      skip(.nothingAllocated)
      return true
    }
    operation.order = UInt8(order)
    operation.frame = frame
    counts.frames = max(counts.frames, frame + 1 << order)
    freeImplied(frame, order, event, .pages, body)
    let index = perform(operation, body)
    pages.insert(LiveBlock(operation: index, order: UInt8(order)), at: frame)
    return true
  }

  /// Frees what is still live where the kernel handed out new pages: its free was not traced.
  private mutating func freeImplied(
    _ frame: Int, _ order: Int, _ event: EventLine, _ verb: KernelVerb,
    _ body: (KernelOperation) -> Void
  ) {
    if let (start, _) = pages.block(around: frame) {
      freeLive(at: start, event, body)
      counts.implied[Int(verb.rawValue)] += 1
    }
    let frames = frame..<frame + 1 << order
    guard !pages.isFree(frames) else { return }
    for start in pages.starts(in: frames) {
      freeLive(at: start, event, body)
      counts.implied[Int(verb.rawValue)] += 1
    }
  }

  /// mm_page_free, and mm_page_free_direct as kernels before 3.3 call it; mm_pagevec_free of the same kernels, whose order
  /// is 0.
  ///
  /// From 2.6.34 on, mm_page_free_direct reports what mm_pagevec_free has just reported once more.
  mutating func freePages(
    _ event: EventLine, isOfList: Bool = false, _ body: (KernelOperation) -> Void
  ) -> Bool {
    var named: Int?
    var order = isOfList ? 0 : -1
    var fields = FieldScanner(event.fieldsStart, event.end)
    while fields.next() {
      switch fields.key {
      case Key.pfn: named = fields.frame
      case Key.order: order = fields.decimal ?? -1
      default: break
      }
    }
    guard let frame = named, 0...10 ~= order, frame >= 0, frame < Self.mostFrames else {
      return false
    }
    counts.frames = max(counts.frames, frame + 1 << order)
    let isToldAgain = frame == freedOfList && !isOfList && order == 0
    freedOfList = isOfList ? frame : nil
    if isToldAgain {
      skip(.duplicateFree)
      return true
    }
    if let block = pages.block(at: frame), block.order == order {
      _ = pages.remove(at: frame)
      perform(free(block, order, event), body)
    } else {
      freeParts(frame, order, event, body)
    }
    return true
  }

  /// A free of pages that are not just one live block: a part of one, several, or none.
  private mutating func freeParts(
    _ frame: Int, _ order: Int, _ event: EventLine, _ body: (KernelOperation) -> Void
  ) {
    if let block = pages.block(at: frame) {
      // Parts of a split block may be freed together; only another order than the block ever had is odd.
      if block.order > order { split(frame, block, body) }
      if block.order > 0 { counts.orderDiffers += 1 }
    } else if let (start, block) = pages.block(around: frame) {
      split(start, block, body)
      counts.freesInside += 1
      if counts.inside.count < ImportAccount.keptNotes {
        counts.inside.append(
          LineNote(
            line: counts.lines,
            text:
              "order \(order) at frame \(frame), inside the order-\(block.order) block at \(start)")
        )
      }
    }
    let starts = pages.starts(in: frame..<frame + 1 << order)
    guard let first = starts.first else { return skipUnmatched(.freePages) }
    if let block = pages.block(at: frame), isOnePiece(starts, frame, order, block) {
      for start in starts { _ = pages.remove(at: start) }
      perform(free(block, order, event), body)
      return
    }
    let block = pages.remove(at: first)!
    perform(free(block, Int(block.order), event), body)
    for start in starts.dropFirst() {
      freeLive(at: start, event, body)
      counts.implied[Int(KernelVerb.freePages.rawValue)] += 1
    }
  }

  /// Whether `starts` are all the pages of 2^order frames, each by itself, of one operation's block.
  private func isOnePiece(_ starts: [Int], _ frame: Int, _ order: Int, _ first: LiveBlock) -> Bool {
    starts.count == 1 << order
      && starts.allSatisfy {
        guard let block = pages.block(at: $0) else { return false }
        return block.order == 0 && block.operation == first.operation
          && Int(block.offset - first.offset) == $0 - frame
      }
  }

  /// Splits the block at `start` into its pages.
  private mutating func split(_ start: Int, _ block: LiveBlock, _ body: (KernelOperation) -> Void) {
    var operation = KernelOperation(.splitPages)
    operation.block = block.operation
    add(operation, body)
    pages.split(at: start)
  }

  /// Frees the live block at `start` without a line of its own.
  private mutating func freeLive(
    at start: Int, _ event: EventLine, _ body: (KernelOperation) -> Void
  ) {
    guard let block = pages.remove(at: start) else { return }
    add(free(block, Int(block.order), event), body)
  }

  private func free(_ block: LiveBlock, _ order: Int, _ event: EventLine) -> KernelOperation {
    var operation = KernelOperation(.freePages)
    operation.block = block.operation
    operation.offset = Int(block.offset)
    operation.order = UInt8(order)
    operation.cpu = event.cpu
    return operation
  }
}
