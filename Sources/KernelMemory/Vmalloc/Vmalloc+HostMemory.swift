#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// An area as one stretch of this process's own memory.
extension Vmalloc {
  /// Maps an area's scattered pages side by side into this process, so that it can be dereferenced like any memory.
  ///
  /// Needs a machine with `sharedMemory: true`, and system pages of ``pageSize``. The page behind is out of bounds for the
  /// process, too. The mapping is made at the first call, and ends with the area: to touch it afterwards is a
  /// segmentation fault.
  /// - Parameter address: an area's start.
  /// - Throws: ``VmallocError/noHostMapping(_:)``, or why there is no such area.
  /// - Complexity: O(pages) at first, O(log areas) later.
  public func hostMemory(
    of address: VirtualAddress
  ) throws(VmallocError) -> UnsafeMutableRawBufferPointer {
    let result: Result<UnsafeMutableRawBufferPointer, VmallocError> = locked { space in
      let index = space.pointee.busy.containing(address.rawValue)
      guard index != 0 else { return .failure(.notAnArea(address)) }
      let node = space.pointee.nodes + Int(index)
      let area = VmallocArea(node.pointee)
      guard area.start == address else { return .failure(.insideArea(address, area)) }
      if node.pointee.kind.contains(.deferred) { return .failure(.alreadyFreed(area)) }
      if let host = node.pointee.host {
        return .success(UnsafeMutableRawBufferPointer(start: host, count: area.usableBytes))
      }
      guard node.pointee.kind.isDisjoint(with: [.bare, .ioremap, .unfinished]) else {
        return .failure(.noHostMapping(.noPages))
      }
      switch mapIntoHost(area) {
      case .success(let memory):
        node.pointee.host = memory
        return .success(UnsafeMutableRawBufferPointer(start: memory, count: area.usableBytes))
      case .failure(let failure): return .failure(.noHostMapping(failure.reason))
      }
    }
    return try result.get()
  }

  private struct Refusal: Error { let reason: HostMappingFailure }

  private func mapIntoHost(_ area: VmallocArea) -> Result<UnsafeMutableRawPointer, Refusal> {
    #if canImport(Glibc) || canImport(Musl) || canImport(Darwin)
      guard let file = machine.memory.file else {
        return .failure(Refusal(reason: .memoryIsPrivate))
      }
      let hostPage = Int(sysconf(Int32(_SC_PAGESIZE)))
      guard hostPage == pageSize else { return .failure(Refusal(reason: .pageSize(hostPage))) }
      #if canImport(Darwin)
        let reserve = MAP_PRIVATE | MAP_ANON
      #else
        let reserve = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
      #endif
      let bytes = area.usableBytes + pageSize
      guard let window = mmap(nil, bytes, PROT_NONE, reserve, -1, 0), window != MAP_FAILED else {
        return .failure(Refusal(reason: .refused(errno)))
      }
      var page = 0
      let pages = area.usableBytes / pageSize
      while page < pages {
        guard let (entry, first) = tables.translate((area.start + page * pageSize).rawValue) else {
          munmap(window, bytes)
          return .failure(Refusal(reason: .noPages))
        }
        // Frames that follow each other become one mapping of the system's.
        var run = 1
        while page + run < pages,
          tables.translate((area.start + (page + run) * pageSize).rawValue)?.frame.number
            == first.number + run
        { run += 1 }
        let rights = entry.isWritable ? PROT_READ | PROT_WRITE : PROT_READ
        let memory = mmap(
          window + page * pageSize, run * pageSize, rights, MAP_SHARED | MAP_FIXED, file,
          off_t(first.number * pageSize))
        guard memory != MAP_FAILED else {
          let reason = errno
          munmap(window, bytes)
          return .failure(Refusal(reason: .refused(reason)))
        }
        page += run
      }
      return .success(window)
    #else
      return .failure(Refusal(reason: .unsupported))
    #endif
  }

  /// Ends the area's mapping into this process, if it has one.
  func unmapHost(_ node: AreaNode) {
    #if canImport(Glibc) || canImport(Musl) || canImport(Darwin)
      guard let host = node.host else { return }
      munmap(host, VmallocArea(node).usableBytes + pageSize)
    #endif
  }
}
