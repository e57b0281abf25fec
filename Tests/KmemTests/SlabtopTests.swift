import Foundation
import Testing

@testable import kmem

/// procps' `slabtop -o` reads our slabinfo in the place of the kernel's.
@Suite struct SlabtopTests {
  /// Runs a shell line and answers its exit status and standard output; standard error is kept apart.
  private static func shell(_ line: String) throws -> (status: Int32, out: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", line]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
  }

  /// Why the test cannot run here; nil when it can.
  private static let obstacle: String? = {
    for tool in ["unshare", "slabtop"] {
      guard let found = try? shell("command -v \(tool)"), found.status == 0 else {
        return "\(tool) is not installed"
      }
    }
    let trial = try? shell("unshare -rm mount --bind /proc/version /proc/slabinfo")
    return trial?.status == 0
      ? nil : "no user and mount namespace, or no /proc/slabinfo to put ours over"
  }()

  @Test(.enabled(if: obstacle == nil, Comment(rawValue: obstacle ?? "")))
  func slabtopReadsOurSlabinfo() throws {
    let operations =
      (0..<100).map { _ in
        "cache-alloc size=184 given=192 gfp=GFP_KERNEL node=-1 accounted=0 cpu=0\n"
      }.joined() + "cache-free #7 cache=filp cpu=0\n"
      + "kmalloc size=4000 given=4096 gfp=GFP_KERNEL node=-1 accounted=0 cpu=0\n"
    let info = try withFile(trace(operations)) { kmem("procfs", $0, "slabinfo").out }
    let (status, out) = try withFile(info) {
      try Self.shell("unshare -rm sh -c 'mount --bind $0 /proc/slabinfo && slabtop -o' '\($0)'")
    }
    #expect(status == 0)
    let lines = out.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    let caches = Snapshot.caches(info)
    let objects = caches.reduce(0) { $0 + $1.objects }
    let active = caches.reduce(0) { $0 + $1.activeObjects }
    #expect(
      lines.contains {
        $0.contains("Active / Total Objects") && $0.contains("\(active) / \(objects)")
      })
    // OBJS ACTIVE USE OBJ-SIZE SLABS OBJ/SLAB CACHE-SIZE NAME
    let filp = try #require(lines.first { $0.hasSuffix("filp") }).split(separator: " ")
    #expect(filp == ["105", "105", "100%", "0.19K", "5", "21", "20K", "filp"])
    let large = try #require(lines.first { $0.hasSuffix(" kmalloc-4k") }).split(separator: " ")
    #expect(large == ["8", "8", "100%", "4.00K", "1", "8", "32K", "kmalloc-4k"])
  }
}
