import Testing

@testable import KernelMemory

@Suite("Users and the kernel, side by side") struct UserKernelContrastTests {
  @Test("the numbers are counted, and the same every time")
  func numbers() throws {
    let contrast = try UserKernelContrast(memory: 32 << 20)
    #expect(contrast.text == (try UserKernelContrast(memory: 32 << 20)).text)
    let user = contrast.rows.map(\.user)
    #expect(user[0] == "4 pages: addresses, and a promise")
    #expect(user[2].hasPrefix("1024 faults, "))
    #expect(user[3].hasPrefix("1024 faults, 1024 pages"))
    #expect(contrast.rows.map(\.kernel)[0].hasSuffix("pages at once, tables included"))
    #expect(contrast.text.contains("ask for 16 MiB"))
  }
}
