package ruleset

import "strings"

// commonNames stand in a few of a hundred harmless scripts.
var commonNames = []string{
	"Get-Process", "Invoke-Expression", "[System.Convert]::FromBase64String(", "Get-WmiObject", "Start-Sleep",
	"Get-CimInstance", "Out-File", "Get-Service", "Invoke-Command", "Get-Command", "Get-ItemProperty", "Get-ChildItem",
	"Register-CimIndicationEvent", "Get-Date",
}

// frequent stand in many scripts, so they only narrow another literal down.
var frequent = []string{"New-Object", "hidden", "[ref]", "-Version", "System.String", "function", "-ErrorAction"}

var verbs = strings.Fields("Get Get Get Set New Remove Add Enable Disable Find")

var nouns = strings.Fields(`ADUser ADGroup ADGroupMember ADComputer ADDomainController ADForest ADTrust ADObject
	ADDefaultDomainPasswordPolicy ADOrganizationalUnit ADServiceAccount ADReplicationSite ADAccount ADRootDSE
	DomainUser DomainGroup DomainComputer DomainTrust DomainPolicy DomainObjectAcl DomainSite NetUser NetGroup
	NetLoggedon NetSession NetTCPConnection NetNeighbor NetFirewallRule NetFirewallProfile NetIPConfiguration
	MpPreference MpThreat ScheduledTask ScheduledTaskAction ScheduledTaskTrigger LocalUser LocalGroup
	LocalGroupMember LocalAdmin SmbShare SmbMapping SmbConnection ItemPropertyValue WmiInstance WmiEvent
	WindowsOptionalFeature WindowsCapability BitLockerVolume AppxPackage Mailbox MailboxExportRequest
	MailboxPermission InboxRule ManagementRoleAssignment TransportRule MsolUser AzureADUser AzureADApplication
	GPO GPPPassword GPResultantSetOfPolicy Certificate CertificateNotificationTask VM VMSnapshot ClipboardText
	Keystrokes TimedScreenshot VaultCredential RegistryAutoLogon UnquotedService ModifiableService
	ServicePermission SPNTicket ForestGlobalCatalog ExoMailbox PSReadlineOption PSSessionConfiguration
	StorageJob DnsServerZone DnsServerResourceRecord DHCPServerInDC WinEventSubscription OdbcDsn IISSite
	WebConfigurationProperty WebGlobalModule WebVirtualDirectory ExchangeCertificate Hotfix ComputerRestore
	ProtectionPolicy TpmEndorsementKey ProvisioningPackage`)

var actions = strings.Fields(`Mimikatz Kerberoast ReflectivePEInjection ShellCode PowerShellTcp TokenManipulation
	DCSync CredentialInjection NinjaCopy WmiCommand SMBExec PsExec Inveigh PortScan UserHunter ShareFinder
	FileFinder BypassUAC AllChecks ServiceAbuse BloodHound RunAs EventVwrBypass EnvBypass PSImage DllInjection
	BackdoorLNK Persistence SSHCommand SQLOSCmd ACLScanner MapDomainTrust CimMethodCall WebFileUpload
	DnsExfiltration EgressCheck Paranoia VNC ThunderStruck Wallpaper ARPScan ReverseDnsLookup`)

var types = strings.Fields(`System.Net.WebClient System.Net.Sockets.TcpClient System.Net.Sockets.UdpClient
	System.Net.HttpListener System.Net.Http.HttpClient System.Net.Mail.SmtpClient System.Net.NetworkInformation.Ping
	System.Net.Security.SslStream System.Net.ServicePointManager System.Reflection.Assembly
	System.Reflection.Emit.AssemblyBuilder System.Reflection.Emit.OpCodes [Reflection.Assembly]::Load(
	[System.Reflection.Assembly]::LoadFile( [AppDomain]::CurrentDomain.GetAssemblies
	System.Runtime.InteropServices.Marshal [Runtime.InteropServices.Marshal]::PtrToStringAuto
	[Marshal]::GetDelegateForFunctionPointer [Runtime.InteropServices.DllImport( InteropServices.HandleRef
	System.IO.Compression.GzipStream IO.Compression.DeflateStream System.IO.MemoryStream
	System.IO.Pipes.NamedPipeServerStream [IO.File]::WriteAllBytes( System.IO.StreamReader
	System.Security.Cryptography.AesManaged System.Security.Cryptography.RijndaelManaged
	System.Security.Cryptography.CryptoStream System.Security.Cryptography.ProtectedData
	System.Security.Principal.WindowsImpersonationContext [Security.Principal.WindowsIdentity]::GetCurrent
	System.Security.AccessControl.FileSystemAccessRule System.DirectoryServices.DirectorySearcher
	System.DirectoryServices.DirectoryEntry [adsisearcher] DirectoryServices.AccountManagement
	System.DirectoryServices.ActiveDirectory.Forest System.IdentityModel.Tokens.KerberosRequestorSecurityToken
	System.Management.Automation.AmsiUtils System.Management.Automation.ScriptBlock]::Create
	Management.Automation.Runspaces.RunspaceFactory System.Management.ManagementClass
	System.Management.Automation.PSCredential( System.ServiceProcess.ServiceController
	System.Windows.Forms.Clipboard [Windows.Clipboard]::GetText System.Windows.Forms.SendKeys
	System.Drawing.Graphics]::FromImage CopyFromScreen( System.Diagnostics.Eventing.Reader.EventLogConfiguration
	System.Diagnostics.ProcessStartInfo System.Diagnostics.Tracing.EventProvider
	System.Text.UnicodeEncoding]::Unicode.GetString [Convert]::ToBase64String( System.Web.Security.Membership
	Microsoft.Win32.RegistryKey]::OpenRemoteBaseKey Microsoft.CSharp.CSharpCodeProvider CodeDom.Compiler
	Microsoft.VisualBasic.Interaction Microsoft.Office.Interop.Outlook Shell.Application WScript.Shell
	Excel.Application MMC20.Application Schedule.Service MSXML2.XMLHTTP InternetExplorer.Application
	root\cimv2 Win32_ShadowCopy Win32_ScheduledJob Win32_ComputerSystemProduct Win32_PnPSignedDriver
	__EventFilter CommandLineEventConsumer __FilterToConsumerBinding MSFT_NetTCPConnection AntiVirusProduct
	Win32_LoggedOnUser MSAcpi_ThermalZoneTemperature Win32_UserProfile MSFT_MpComputerStatus`)

var functions = strings.Fields(`VirtualAlloc VirtualAllocEx VirtualProtect WriteProcessMemory ReadProcessMemory
	CreateRemoteThread CreateThread( NtCreateThreadEx NtUnmapViewOfSection QueueUserAPC RtlMoveMemory
	OpenProcessToken DuplicateTokenEx AdjustTokenPrivileges ImpersonateLoggedOnUser SeDebugPrivilege
	SeBackupPrivilege LsaEnumerateLogonSessions CredEnumerateW CryptUnprotectData MiniDumpWriteDump
	NetShareEnum NetSessionEnum NetWkstaUserEnum NetLocalGroupGetMembers NetUserAdd DsGetSiteName
	DsEnumerateDomainTrusts WTSEnumerateSessions GetAsyncKeyState SetWindowsHookEx GetForegroundWindow
	AmsiScanBuffer AmsiOpenSession amsiInitFailed EtwEventWrite LoadLibraryA GetProcAddress GetModuleHandle
	SetThreadContext ResumeThread CreateProcessWithLogonW LogonUserA URLDownloadToFile InternetOpenUrlA
	WinHttpOpenRequest BitBlt( RegSaveKeyEx SamConnect LsaRetrievePrivateData DownloadString( DownloadFile(
	DownloadData( UploadString( GetResponseStream( Start-BitsTransfer certutil.exe rundll32.exe vssadmin
	bcdedit.exe wevtutil.exe nltest.exe dsquery.exe schtasks.exe netsh.exe msbuild.exe regsvr32.exe wbadmin
	fsutil.exe cipher.exe mshta.exe installutil.exe klist.exe setspn.exe cmdkey.exe ntdsutil.exe esentutl.exe`)

var addresses = []string{
	"api.telegram.org/bot", "https://discord.com/api/webhooks", "raw.githubusercontent.com", "https://pastebin.com/raw/",
	"http://ip-api.com/line?", "checkip.amazonaws.com", "https://ifconfig.me/ip", "icanhazip.com", "https://api.dropboxapi.com",
	"https://graph.microsoft.com/v1.0/me/sendMail", "transfer.sh", "ngrok.io", "https://www.googleapis.com/upload/drive",
	"https://content.dropboxapi.com/2/files/upload", "http://169.254.169.254/latest/meta-data", "http://127.0.0.1:",
	"https://login.microsoftonline.com/common/oauth2/token?api-version=1.0", "ftp://", "https://wtfismyip.com/json",
	"https://api.github.com/repos", "trycloudflare.com", "workers.dev/", "https://t.me/", "http://0x", "file.io/?expires=1w&x",
}

var flags = []string{
	" -enc ", " -nop ", " -noni ", " -w hidden ", " -ep bypass", " -EncodedCommand ", " -WindowStyle Hidden",
	" -sta ", " -nologo ", "-exec bypass ", " -wi h ", "cmd /c ", " -ec ", "iex(", "IEX (", "|iex", "-bxor", "gzip", "mshta ",
}

// syntax are pieces that exports write in more than one way, or that hold little
// beside such characters.
var syntax = []string{
	"-join ''", `"{1}{0}" -f`, "2>&1 | Out-Null", "<RegistrationInfo>", `\\.\pipe\`, `HKLM:\SYSTEM\CurrentControlSet\Services`,
	`HKCU:\Software\Microsoft\Windows\CurrentVersion\Run`, `$env:APPDATA\Microsoft\Windows\Start Menu`, `.Replace('#','`,
	`[char](`, `| & ( $`, `& 'C:\Windows\`, `"amsi" + "Utils"`, `'Ams'+'iUtils'`, `("&lt;`, "<script src=", "</Actions></Task>", `<Exec><Command>`,
	`(objectCategory=computer)`, `(&(objectClass=user)(servicePrincipalName=`, `(userAccountControl:1.2.840.113556.1.4.803:=524288)`,
	`LDAP://CN=Configuration`, `[Byte[]](0x4d, 0x5a`, `C:\Users\Public\`, `\AppData\Local\Google\Chrome\User Data\Default\Login Data`,
	`\Microsoft\Protect\`, `lsass.exe`, `ntds.dit`, `FROM __InstanceModificationEvent`, `-Property "msDS-AllowedToDelegateTo"`,
	`Add-Type -TypeDefinition @"`, `-MemberDefinition $`, `-Verb RunAs`, `shell:::{`, `"Bypass" -Force`, `#<null>`, `>> C:\`,
	"Uninstall-WindowsFeature -Name Windows-Defender", `net user /domain`, `net group "domain admins"`, `cmd /c "`, `wmic /namespace:\\root`,
	`Stop-Service -Name "`, `$ExecutionContext.InvokeCommand`, `-bxor 0x`, `[Text.Encoding]::Unicode`, `foreach($b in `, `-replace '\W'`,
	`"; $s = `, `<# .SYNOPSIS payload`, `Export-PfxCertificate -Cert Cert:\`, `'-----BEGIN CERTIFICATE-----'`, `taskkill /f /im`,
}

var parameters = []string{"-Filter", "-Credential", "-ComputerName", "-SearchBase", "-Force", "-Name", "Identity"}
