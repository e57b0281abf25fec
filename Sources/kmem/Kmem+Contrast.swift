import KernelMemory

extension Kmem {
  /// `kmem contrast`: what the same requests cost a process and the kernel.
  func contrast(_ arguments: ArgumentList) throws(Failure) -> Int32 {
    var list = arguments
    var memory = 128 << 20
    while let argument = try list.next() {
      guard argument == "--memory" else { throw list.unknown(argument) }
      memory = try list.value("a size from 16M on, such as 128M") { text in
        ReplayOptions.size(text).flatMap { $0 >= 16 << 20 ? $0 : nil }
      }
    }
    do {
      console.out(try UserKernelContrast(memory: memory).text)
    } catch {
      throw .input("\(error)")
    }
    return 0
  }
}
