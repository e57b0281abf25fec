import AllocationTrace

/// An object of kmalloc or of a cache that is live in the recording.
struct LiveObject: BitwiseCopyable {
  /// The operation that asked for it.
  var operation = 0
  var size = 0
  var given = 0
  var isKmalloc = false
  /// Whether the allocator itself reported it, so that its caller may report it once more.
  var isReportedInside = false
}

extension FtraceImporter {
  /// The largest kmalloc of a slab; larger ones come from the page allocator (`KMALLOC_MAX_CACHE_SIZE`).
  private static var largestOfSlab: Int { 8192 }

  /// kmalloc and kmem_cache_alloc.
  mutating func allocate(
    _ event: EventLine, _ verb: KernelVerb, _ body: (KernelOperation) -> Void
  ) -> Bool {
    var address: Int?
    var size = -1
    var given = -1
    var operation = KernelOperation(verb)
    operation.cpu = event.cpu
    operation.node = -1
    var isReportedInside = false
    var hasMask = false
    var fields = FieldScanner(event.fieldsStart, event.end)
    while fields.next() {
      switch fields.key {
      case Key.callSite: isReportedInside = fields.valueBegins("__kmalloc")
      case Key.ptr: address = fields.address
      case Key.bytesRequested: size = fields.decimal ?? -1
      case Key.bytesGiven: given = fields.decimal ?? -1
      case Key.gfpFlags:
        operation.text = texts.number(fields.value)
        hasMask = operation.text != 0
      case Key.node: operation.node = Int16(truncatingIfNeeded: fields.decimal ?? -1)
      case Key.accounted: operation.accounted = fields.valueBegins("t")
      default: break
      }
    }
    guard let address, size >= 0, given >= 0, hasMask else { return false }
    if verb == .kmalloc, size == 0, given == 0, address != 0 { zeroSizePointer = address }
    guard !isNull(address) else {
      skip(.nothingAllocated)
      return true
    }
    if let old = objects.value(address) {
      let isKmalloc = verb == .kmalloc
      if isKmalloc && old.isKmalloc && old.isReportedInside && size == old.size
        && given == old.given && given > Self.largestOfSlab
      {
        skip(.duplicateKmalloc)
        // Reported twice at most: a third time is a new allocation.
        var told = old
        told.isReportedInside = false
        objects.set(address, told)
        return true
      }
      // The free was a bulk path's, or kfree_rcu's, which are not traced.
      counts.implied[Int(verb.rawValue)] += 1
      var free = KernelOperation(old.isKmalloc ? .kfree : .cacheFree)
      free.block = old.operation
      free.cpu = event.cpu
      add(free, body)
    }
    operation.size = size
    operation.given = given
    let index = perform(operation, body)
    objects.set(
      address,
      LiveObject(
        operation: index, size: size, given: given, isKmalloc: verb == .kmalloc,
        isReportedInside: isReportedInside))
    return true
  }

  /// kfree and kmem_cache_free; either may free what the other kind allocated.
  mutating func free(
    _ event: EventLine, _ verb: KernelVerb, _ body: (KernelOperation) -> Void
  ) -> Bool {
    var address: Int?
    var operation = KernelOperation(verb)
    operation.cpu = event.cpu
    var fields = FieldScanner(event.fieldsStart, event.end)
    while fields.next() {
      switch fields.key {
      case Key.ptr: address = fields.address
      case Key.name where verb == .cacheFree: operation.text = texts.number(fields.value)
      default: break
      }
    }
    guard let address else { return false }
    guard !isNull(address) else {
      skipNull(verb)
      return true
    }
    guard let object = objects.remove(address) else {
      skipUnmatched(verb)
      return true
    }
    if object.isKmalloc != (verb == .kfree) { counts.crossKind += 1 }
    operation.block = object.operation
    perform(operation, body)
    return true
  }

  /// Whether `address` is NULL or what kmalloc returns for no bytes (`ZERO_SIZE_PTR`).
  private func isNull(_ address: Int) -> Bool {
    address == 0 || address == 16 || address == zeroSizePointer
  }
}
