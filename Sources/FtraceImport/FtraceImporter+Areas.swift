import AllocationTrace

/// A call of vmalloc that has not returned yet.
struct VmallocCall: BitwiseCopyable {
  var size = 0
  var align = 0
  var mask: Int32 = 0
}

extension FtraceImporter {
  /// A probe on `__vmalloc_node_range`: kept until the same task's return tells the address.
  mutating func callVmalloc(_ event: EventLine) -> Bool {
    var call = VmallocCall(size: -1, align: 1)
    var fields = FieldScanner(event.fieldsStart, event.end)
    while fields.next() {
      switch fields.key {
      case Key.size: call.size = fields.decimal ?? -1
      case Key.align: call.align = fields.decimal ?? -1
      case Key.gfp: call.mask = texts.number(fields.value)
      default: break
      }
    }
    guard call.size >= 0, call.align >= 0, call.mask != 0 else { return false }
    // A large area's list of pages is of vmalloc itself: a call within the call.
    let depth = (0..<Self.deepestCall).first { calls.value(key(event, $0)) == nil }
    calls.set(key(event, depth ?? Self.deepestCall - 1), call)
    skip(.toldByReturn)
    return true
  }

  /// The return probe of `__vmalloc_node_range`.
  mutating func returnFromVmalloc(_ event: EventLine, _ body: (KernelOperation) -> Void) -> Bool {
    guard let address = address(Key.addr, event) else { return false }
    let depth = (0..<Self.deepestCall).last { calls.value(key(event, $0)) != nil }
    guard let depth, let call = calls.remove(key(event, depth)) else {
      skip(.callNotRecorded)
      return true
    }
    guard address != 0 else {
      skip(.nothingAllocated)
      return true
    }
    if let old = vmallocs.remove(address) {
      counts.implied[Int(KernelVerb.vmalloc.rawValue)] += 1
      add(free(.vfree, old, event), body)
    }
    var operation = KernelOperation(.vmalloc)
    operation.cpu = event.cpu
    operation.size = call.size
    operation.given = call.align
    operation.text = call.mask
    vmallocs.set(address, perform(operation, body))
    return true
  }

  /// A probe on `vfree`. (`vfree_atomic` only puts it off: a vfree of the same address follows.)
  mutating func freeVmalloc(_ event: EventLine, _ body: (KernelOperation) -> Void) -> Bool {
    guard let address = address(Key.addr, event) else { return false }
    if address == 0 {
      skipNull(.vfree)
    } else if let call = vmallocs.remove(address) {
      perform(free(.vfree, call, event), body)
    } else {
      skipUnmatched(.vfree)
    }
    return true
  }

  /// alloc_vmap_area, which prints `va_start: 18446683600576008192` in decimal after a colon.
  mutating func mapArea(_ event: EventLine, _ body: (KernelOperation) -> Void) -> Bool {
    var address = areaAfterColon(event)
    var operation = KernelOperation(.mapArea)
    operation.cpu = event.cpu
    operation.size = -1
    operation.given = 1
    var isServed = true
    var fields = FieldScanner(event.fieldsStart, event.end)
    while fields.next() {
      switch fields.key {
      case Key.areaStart: address = fields.address
      case Key.size: operation.size = fields.decimal ?? -1
      case Key.align: operation.given = fields.decimal ?? -1
      case Key.areaLow: operation.low = page(fields.address ?? 0)
      case Key.areaHigh: operation.high = page((fields.address ?? 0) &+ 4095)
      case Key.failed: isServed = fields.decimal == 0
      default: break
      }
    }
    guard isServed else {
      skip(.nothingAllocated)
      return true
    }
    guard let address, address != -1, operation.size >= 0, operation.given >= 0 else {
      return false
    }
    if let old = maps.remove(address) {
      counts.implied[Int(KernelVerb.mapArea.rawValue)] += 1
      add(free(.unmapArea, old, event), body)
    }
    operation.frame = page(address)
    maps.set(address, perform(operation, body))
    return true
  }

  /// free_vmap_area_noflush.
  mutating func unmapArea(_ event: EventLine, _ body: (KernelOperation) -> Void) -> Bool {
    guard let address = address(Key.areaStart, event) else { return false }
    if let map = maps.remove(address) {
      perform(free(.unmapArea, map, event), body)
    } else {
      skipUnmatched(.unmapArea)
    }
    return true
  }

  /// purge_vmap_area_lazy.
  mutating func purgeAreas(_ event: EventLine, _ body: (KernelOperation) -> Void) -> Bool {
    var operation = KernelOperation(.purgeAreas)
    operation.cpu = event.cpu
    perform(operation, body)
    return true
  }

  /// The number of the page that an address lies in.
  private func page(_ address: Int) -> Int { Int(UInt(bitPattern: address) >> 12) }

  /// Calls of vmalloc within one another that are kept for one task.
  private static var deepestCall: Int { 4 }

  /// The key of a task's call; the idle tasks, all of id 0, are told apart by their processors.
  private func key(_ event: EventLine, _ depth: Int) -> Int {
    let task = event.task == 0 ? Int(event.cpu) : event.task << 13
    return task << 2 + depth
  }

  private func free(_ verb: KernelVerb, _ block: Int, _ event: EventLine) -> KernelOperation {
    var operation = KernelOperation(verb)
    operation.block = block
    operation.cpu = event.cpu
    return operation
  }

  /// The address in the field called `key`, or nil.
  private func address(_ key: UInt64, _ event: EventLine) -> Int? {
    var fields = FieldScanner(event.fieldsStart, event.end)
    while fields.next() {
      if fields.key == key { return fields.address }
    }
    return nil
  }

  /// The number after `va_start: `, or nil.
  private func areaAfterColon(_ event: EventLine) -> Int? {
    var place = event.fieldsStart
    while place < event.end, place.pointee == 32 { place += 1 }
    let mark = "va_start: ".utf8
    guard event.end - place > mark.count,
      UnsafeBufferPointer(start: place, count: mark.count).elementsEqual(mark)
    else { return nil }
    place += mark.count
    let digits = place
    while place < event.end, place.pointee != 32 { place += 1 }
    return FieldScanner.digits(digits, place)
  }
}
